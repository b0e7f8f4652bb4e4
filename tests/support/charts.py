"""Upstream data of charts: default values, schema of the values and definitions of custom resources.

The data are not part of this repository. They are looked for where HOME_CLUSTER_CHARTS points, else in
../shared/reference/charts beside the checkout. `helm pull --untar --untardir DIRECTORY` makes such a directory.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from lib.charts import TABLE
from tests.support.program import ROOT
from tests.support.wire import Path as ValuePath

_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
VARIABLE = "HOME_CLUSTER_CHARTS"

# Charts whose Chart.yaml in version control carries a placeholder that is stamped at release.
_STAMPED_AT_RELEASE = {"0.1.0", "26.8.1-dev"}


def directory() -> Path | None:
    """Where the data are; None where there are none."""
    given = os.environ.get(VARIABLE)
    found = Path(given) if given else ROOT.parent / "shared" / "reference" / "charts"
    return found if found.is_dir() else None


@dataclass(frozen=True)
class ChartData:
    """What the upstream chart says about itself."""

    path: Path

    @property
    def version(self) -> str:
        return str(yaml.safe_load((self.path / "Chart.yaml").read_text(encoding="utf-8"))["version"])

    def is_of(self, version: str) -> bool:
        return self.version == version or self.version in _STAMPED_AT_RELEASE

    @cached_property
    def values(self) -> dict[str, Any]:
        values: dict[str, Any] = yaml.safe_load(self.text) or {}
        return values

    @cached_property
    def text(self) -> str:
        """values.yaml as it is written: some keys stand only in its comments."""
        return (self.path / "values.yaml").read_text(encoding="utf-8")

    @cached_property
    def schema(self) -> dict[str, Any] | None:
        file = self.path / "values.schema.json"
        if not file.exists():
            return None
        schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return schema


# Objects of the Kubernetes API that charts copy into their manifests as they are.
_PARTS_OF_A_POD = frozenset(
    {
        "podSecurityContext",
        "securityContext",
        "containerSecurityContext",
        "resources",
        "readinessProbe",
        "livenessProbe",
    }
)
_HANDLERS = frozenset({"httpGet", "tcpSocket", "exec", "grpc"})


@cache
def chart_data(name: str) -> ChartData | None:
    base = directory()
    return ChartData(base / name) if base is not None and (base / name / "Chart.yaml").exists() else None


def merged(defaults: Any, ours: Any) -> Any:
    """Values as Helm merges them: mappings key by key, everything else replaced, null removes a key.

    pulumi-kubernetes hands null on since 4.30.0 (https://github.com/pulumi/pulumi-kubernetes/issues/2997).
    """
    if not isinstance(defaults, dict) or not isinstance(ours, dict):
        return ours
    result = deepcopy(defaults)
    for key, value in ours.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result[key], value) if key in result else value
    return result


def unknown_keys(data: ChartData, ours: Mapping[str, Any]) -> Iterator[ValuePath]:
    """Paths of our values that the chart's values.yaml does not have.

    Below an empty mapping, a list or null everything goes, and so does it below the parts of a pod: there the chart
    passes on what it is given. A key that stands only in a comment of values.yaml, such as `# caBundleSecretName:`,
    counts as known.
    """
    commented = set(re.findall(r"^\s*#+\s*([A-Za-z][\w.-]*):", data.text, re.MULTILINE))
    yield from _unknown(data.values, ours, (), commented)


def _unknown(
    defaults: Mapping[str, Any], ours: Mapping[str, Any], path: ValuePath, known: set[str]
) -> Iterator[ValuePath]:
    for key, value in ours.items():
        here = (*path, key)
        if key not in defaults:
            if key not in known:
                yield here
        elif key in _PARTS_OF_A_POD or not isinstance(value, dict):
            continue
        elif isinstance(defaults[key], dict) and defaults[key]:
            yield from _unknown(defaults[key], value, here, known)


def schema_errors(data: ChartData, ours: Mapping[str, Any]) -> list[str]:
    """What the chart's schema says against the merged values."""
    if data.schema is None:
        return []
    # Several charts name their draft in a way the library does not know; all of them mean draft 7.
    validator = jsonschema.validators.validator_for(data.schema, default=jsonschema.Draft7Validator)
    errors = validator(data.schema).iter_errors(merged(data.values, dict(ours)))
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def probes_with_two_handlers(values: Any, path: ValuePath = ()) -> Iterator[str]:
    """Probes that the API server would refuse: a default of the chart stands beside what we chose."""
    if isinstance(values, dict):
        for key, value in values.items():
            here = (*path, key)
            if str(key).endswith("Probe") and isinstance(value, dict):
                handlers = sorted(name for name in _HANDLERS & set(value) if value[name])
                if len(handlers) > 1:
                    yield f"{'.'.join(map(str, here))} has {' and '.join(handlers)}"
            yield from probes_with_two_handlers(value, here)


@cache
def definitions() -> Mapping[tuple[str, str, str], dict[str, Any]]:
    """OpenAPI schema of each custom resource by group, version and kind; without the versions that are not served."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    base = directory()
    used = [base / name / "crds" for name in TABLE] if base is not None else []
    for file in [file for crds in used for file in sorted(crds.glob("*.yaml"))]:
        # The C implementation of the safe loader: these files are megabytes.
        for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=_FAST_LOADER):
            if document and document.get("kind") == "CustomResourceDefinition":
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
