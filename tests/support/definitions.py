"""Definitions of custom resources out of the upstream data of charts, and what they say to an object."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from lib.charts import TABLE
from tests.support.charts import directory

_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KIND = "CustomResourceDefinition"


PLACES = ("crds", "templates")
"""Where a chart has definitions: in the first Helm installs them and never touches them again."""


def documents(chart: Path, *places: str) -> Iterator[dict[str, Any]]:
    """The definitions of a chart. Of a template, without its actions: they label, and switch on what is off here."""
    for place, file in ((one, file) for one in places or PLACES for file in sorted(chart.glob(f"{one}/**/*.yaml"))):
        text = file.read_text(encoding="utf-8")
        if f"kind: {_KIND}" not in text:
            continue
        if place == "templates":
            text = re.sub(r"^[ \t]*\{\{.*?\}\}[ \t]*$", "", text, flags=re.MULTILINE)
            text = re.sub(r"\{\{.*?\}\}", "false", text)
        # The C implementation of the safe loader: these files are megabytes.
        for document in yaml.load_all(text, Loader=_FAST_LOADER):
            if document and document.get("kind") == _KIND:
                yield document


@cache
def definitions() -> Mapping[tuple[str, str, str], dict[str, Any]]:
    """OpenAPI schema of each custom resource by group, version and kind; without the versions that are not served."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    base = directory()
    for document in (one for name in TABLE if base is not None for one in documents(base / name)):
        spec = document["spec"]
        for version in spec["versions"]:
            if version["served"]:
                key = (spec["group"], version["name"], spec["names"]["kind"])
                found[key] = _strict(version["schema"]["openAPIV3Schema"])
    return found


def _strict(schema: Any) -> Any:
    """JSON Schema of a structural schema: fields that the API server would silently drop are refused.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
    """
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items() if key not in ("default", "example", "properties")}
    if "properties" in schema:
        strict["properties"] = {name: _strict(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields") and "additionalProperties" not in schema:
            strict["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
    if schema.get("nullable") and "type" in strict:
        strict["type"] = [strict["type"], "null"] if isinstance(strict["type"], str) else [*strict["type"], "null"]
    return strict


def custom_resource_errors(resource: Mapping[str, Any]) -> list[str] | None:
    """What the definition of its kind says against an object; None where the definition is not at hand."""
    group, _, version = str(resource["apiVersion"]).rpartition("/")
    schema = definitions().get((group, version, str(resource["kind"])))
    if schema is None:
        return None
    schema = schema | {"properties": schema["properties"] | {"metadata": {"type": "object"}}}
    errors = jsonschema.Draft7Validator(schema).iter_errors(resource)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]
