"""Blueprint files: what the worker sees of them, and what applying one needs and makes.

Tags and importer rules are those of Authentik 2026.8 (`blueprints/v1/common.py`, `importer.py`), as far as this
project's blueprints use them; a tag the lab does not know fails instead of being ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import yaml

from lab.providers.authentik import refusals
from lab.providers.authentik.refusals import BlueprintError, Tag
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.pods import data_of, mounted_files

_TAGS: Final = frozenset(
    {
        *("KeyOf", "Find", "FindObject", "Env", "File", "Context", "Format", "If", "Condition", "Enumerate"),
        *("Index", "Value", "AtIndex", "ParseJSON"),
    }
)


class _Loader(yaml.SafeLoader):
    """Reads blueprint tags."""


def _construct(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Tag:
    if suffix not in _TAGS:
        raise BlueprintError(f"could not determine a constructor for the tag '!{suffix}'")
    if isinstance(node, yaml.ScalarNode):
        return Tag(suffix, loader.construct_scalar(node))
    if isinstance(node, yaml.SequenceNode):
        return Tag(suffix, loader.construct_sequence(node, deep=True))
    raise BlueprintError(f"tag '!{suffix}' cannot stand before a mapping")


_Loader.add_multi_constructor("!", _construct)


def parse(text: str) -> Mapping[str, Any]:
    """The document of a blueprint file. Raises BlueprintError."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with the tags above
    except yaml.YAMLError as error:
        raise BlueprintError(f"invalid YAML: {error}") from None
    if (
        not isinstance(document, Mapping)
        or document.get("version") != 1
        or not isinstance(document.get("entries"), list)
    ):
        raise BlueprintError("a blueprint needs `version: 1` and a list of `entries`")
    return document


def digest(text: str) -> str:
    """The hash Authentik stores of an applied file."""
    return hashlib.sha512(text.encode()).hexdigest()


def worker_files(cluster: Cluster, release: Mapping[str, Any]) -> dict[str, str]:
    """Path -> content of every file of ConfigMaps and Secrets that the worker has mounted."""
    namespace, values = str(release["namespace"]), release["values"]
    worker = values.get("worker") or {}
    shared = values.get("global") or {}
    volumes = {item["name"]: item for part in (shared, worker) for item in part.get("volumes") or []}
    mounts = [mount for part in (shared, worker) for mount in part.get("volumeMounts") or []]
    files = mounted_files(cluster, namespace, volumes, mounts)
    blueprints = values.get("blueprints") or {}
    for kind, field, prefix in (("ConfigMap", "configMaps", "cm"), ("Secret", "secrets", "secret")):
        for name in blueprints.get(field) or []:
            for key, content in data_of(cluster, kind, namespace, name).items():
                files[f"/blueprints/mounted/{prefix}-{name}/{key}"] = content
    return files


def apply(text: str, files: Mapping[str, str], known: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """What applying the blueprint makes: model -> names (slugs of applications). Raises BlueprintError.

    `known` is what earlier blueprints made. Required attributes must be there, `!KeyOf` must name an earlier entry, and
    a `!File` of a client secret or a token must exist: without it the field is null, which both refuse. What `!Find`
    looks for among the objects of other blueprints must be there where null is refused.
    """
    made: dict[str, list[str]] = {}
    seen: set[str] = set()
    for entry in parse(text)["entries"]:
        model, identifiers = entry.get("model"), entry.get("identifiers") or {}
        given = {**identifiers, **(entry.get("attrs") or {})}
        refusals.check_tags(given, files, seen)
        if entry.get("state") != "absent":
            lacking = sorted(refusals.REQUIRED.get(model, frozenset()) - given.keys())
            if lacking:
                raise BlueprintError(f"Serializer errors in {model}: {lacking[0]}: This field is required.")
            refusals.check_client(model, given, files)
            refusals.check_token(model, given, files, known)
            refusals.check_outpost(model, given, known)
            made.setdefault(model, []).append(_name(given))
        if "id" in entry:
            seen.add(entry["id"])
        refusals.check_group(model, given, known, made)
    return made


def removed(text: str) -> dict[str, set[str]]:
    """What applying the blueprint deletes: model -> names, as `apply` calls them."""
    gone: dict[str, set[str]] = {}
    for entry in parse(text)["entries"]:
        if entry.get("state") == "absent":
            gone.setdefault(entry.get("model"), set()).add(_name(entry.get("identifiers") or {}))
    return gone


def _name(given: Mapping[str, Any]) -> str:
    """What the lab calls an object."""
    return str(next((given[key] for key in ("slug", "username", "identifier", "name") if given.get(key)), None))
