"""Blueprint files: what the worker sees of them, and what applying one needs and makes.

Tags and importer rules are those of Authentik 2026.8 (`blueprints/v1/common.py`, `importer.py`), as far as this
project's blueprints use them; a tag the lab does not know fails instead of being ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.pods import data_of, mounted_files

_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "authentik_core.application": frozenset({"name", "slug"}),
    "authentik_core.group": frozenset({"name"}),
    "authentik_core.user": frozenset({"username", "name"}),
    "authentik_policies.policybinding": frozenset({"target", "order"}),
    "authentik_providers_oauth2.scopemapping": frozenset({"name", "scope_name", "expression"}),
    "authentik_providers_oauth2.oauth2provider": frozenset(
        {"name", "authorization_flow", "invalidation_flow", "redirect_uris"}
    ),
}
_TAGS: Final = frozenset(
    {
        *("KeyOf", "Find", "FindObject", "Env", "File", "Context", "Format", "If", "Condition", "Enumerate"),
        *("Index", "Value", "AtIndex", "ParseJSON"),
    }
)


@dataclass(frozen=True)
class Tag:
    """A YAML tag of a blueprint and its argument."""

    name: str
    value: Any


class BlueprintError(Exception):
    """Applying the blueprint fails and leaves everything as it was."""


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
    a `!File` of a client secret must exist: without it the field is null, which a client secret refuses.
    """
    made: dict[str, list[str]] = {}
    seen: set[str] = set()
    for entry in parse(text)["entries"]:
        model, identifiers = entry.get("model"), entry.get("identifiers") or {}
        given = {**identifiers, **(entry.get("attrs") or {})}
        _check_tags(given, files, seen)
        if entry.get("state") != "absent":
            lacking = sorted(_REQUIRED.get(model, frozenset()) - given.keys())
            if lacking:
                raise BlueprintError(f"Serializer errors in {model}: {lacking[0]}: This field is required.")
            _check_client(model, given, files)
            made.setdefault(model, []).append(str(given.get("slug") or given.get("name") or given.get("username")))
        if "id" in entry:
            seen.add(entry["id"])
        _check_group(model, given, known, made)
    return made


def removed(text: str) -> dict[str, set[str]]:
    """What applying the blueprint deletes: model -> names, as `apply` calls them."""
    gone: dict[str, set[str]] = {}
    for entry in parse(text)["entries"]:
        if entry.get("state") == "absent":
            found_by = entry.get("identifiers") or {}
            name = found_by.get("slug") or found_by.get("name") or found_by.get("username")
            gone.setdefault(entry.get("model"), set()).add(str(name))
    return gone


def _check_tags(value: Any, files: Mapping[str, str], seen: set[str]) -> None:
    if isinstance(value, Tag):
        if value.name == "KeyOf" and value.value not in seen:
            raise BlueprintError(f"KeyOf: failed to find entry with `id` of `{value.value}` and a model instance")
        _check_tags(value.value, files, seen)
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_tags(item, files, seen)
    elif isinstance(value, list):
        for item in value:
            _check_tags(item, files, seen)


def _check_client(model: str, given: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """An OAuth2 provider nobody could log in with is refused, although Authentik would store it."""
    if model != "authentik_providers_oauth2.oauth2provider":
        return
    secret = given.get("client_secret")
    if isinstance(secret, Tag) and secret.name == "File" and not files.get(str(secret.value)):
        raise BlueprintError(f"Serializer errors: client_secret: may not be null ({secret.value} is not in the worker)")
    if not given.get("grant_types"):
        raise BlueprintError(
            "the lab refuses a provider without grant_types: Authentik 2026.8 refuses every login to it"
        )
    if not given.get("signing_key"):
        raise BlueprintError("the lab refuses a provider without signing_key: its tokens would be signed with HS256")


def _check_group(
    model: str, given: Mapping[str, Any], known: Mapping[str, set[str]], made: dict[str, list[str]]
) -> None:
    """`!Find` of a group that nobody made is null: the binding of the application to it would be refused."""
    group = given.get("group")
    if model != "authentik_policies.policybinding" or not isinstance(group, Tag) or group.name != "Find":
        return
    name = group.value[1][1] if len(group.value) > 1 else None
    groups = known.get("authentik_core.group", set()) | set(made.get("authentik_core.group", []))
    if isinstance(name, str) and name not in groups:
        raise BlueprintError(f"Serializer errors: group: group {name!r} does not exist")
