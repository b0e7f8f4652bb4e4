"""Blueprints of Authentik as YAML: entries and the custom tags that refer from one object to another.

Form and tags as `authentik/blueprints/v1/common.py` of release 2026.8 reads them. Fields of models are not known here:
Authentik ignores a misspelt one, so the tests hold every document against the models of the release.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

NOT_INSTANTIATED = {"blueprints.goauthentik.io/instantiate": "false"}
"""Label that keeps discovery away: the row of such a file is created, and its apply asked for, by this program."""


@dataclass(frozen=True)
class KeyOf:
    """Primary key of an earlier entry of the same document; an error when that entry was skipped."""

    entry: str


@dataclass(frozen=True)
class Find:
    """Primary key of the object of `model` whose field has this value, or null, silently, when there is none.

    Use it where null is refused (required fields, lists), or guard the entry with a condition.
    """

    model: str
    field: str
    value: str


@dataclass(frozen=True)
class File:
    """Content of a file in the worker's pod, or null, silently, when it cannot be read."""

    path: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One object.

    Attributes:
        model: `<app label>.<model>`.
        identifiers: Fields that find the object; together with `attrs` they create it.
        attrs: Fields that are set at every apply. A field that is not named keeps its value.
        key: What `KeyOf` calls the entry.
        conditions: The entry is skipped unless all are true.
        absent: Whether the object is deleted, with what Authentik deletes along with it; without one nothing happens.
    """

    model: str
    identifiers: Mapping[str, Any]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    conditions: Sequence[Any] = field(default_factory=tuple)
    absent: bool = False


def render(
    name: str,
    entries: Sequence[Entry],
    *,
    labels: Mapping[str, str] = NOT_INSTANTIATED,
    context: Mapping[str, Any] | None = None,
) -> str:
    """The document's text. `name` is unique among all blueprints of an Authentik."""
    document: dict[str, Any] = {"version": 1, "metadata": {"name": name}}
    if labels:
        document["metadata"]["labels"] = dict(labels)
    if context:
        document["context"] = dict(context)
    document["entries"] = [_mapping(entry) for entry in entries]
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _mapping(entry: Entry) -> dict[str, Any]:
    mapping: dict[str, Any] = {"model": entry.model}
    if entry.key is not None:
        mapping["id"] = entry.key
    if entry.absent:
        mapping["state"] = "absent"
    if entry.conditions:
        mapping["conditions"] = list(entry.conditions)
    mapping["identifiers"] = dict(entry.identifiers)
    if entry.attrs:
        mapping["attrs"] = dict(entry.attrs)
    return mapping


class _Dumper(yaml.SafeDumper):
    """Writes the tags, text of several lines as blocks, and no YAML aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _key_of(dumper: yaml.SafeDumper, tag: KeyOf) -> yaml.Node:
    return dumper.represent_scalar("!KeyOf", tag.entry)


def _file(dumper: yaml.SafeDumper, tag: File) -> yaml.Node:
    return dumper.represent_scalar("!File", tag.path)


def _find(dumper: yaml.SafeDumper, tag: Find) -> yaml.Node:
    return dumper.represent_sequence("!Find", [tag.model, [tag.field, tag.value]], flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(KeyOf, _key_of)
_Dumper.add_representer(File, _file)
_Dumper.add_representer(Find, _find)
