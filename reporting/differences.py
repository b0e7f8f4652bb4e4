"""What a step changes, property by property: the path, how, and who wrote the value that is there now.

Values are told where they are numbers or truth values: nothing else is sure to be no secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pulumi.automation.events import StepEventMetadata

OURS: Final = "pulumi-kubernetes"
"""What the names of this program's field managers begin with (provider/pkg/provider/provider.go, fieldManagerName)."""

# A property path as the engine writes it: `spec.replicas`, `data["a.b"]`, `spec.rules[0].host`.
_PART: Final = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.\[\]"]+)')
Path = tuple[str | int, ...]


def differences(metadata: StepEventMetadata) -> list[dict[str, Any]]:
    """`path`, `replaces`, and as far as they are known `by` (a field manager of Kubernetes), `old` and `new`."""
    kinds = {
        path: str(getattr(diff.diff_kind, "value", diff.diff_kind))
        for path, diff in (metadata.detailed_diff or {}).items()
    }
    kinds = kinds or dict.fromkeys(metadata.diffs or (), "update")
    old = (metadata.old.inputs if metadata.old else None) or {}
    new = (metadata.new.inputs if metadata.new else None) or {}
    live = (metadata.new.outputs if metadata.new else None) or {}
    return [_difference(path, kind, old, new, live) for path, kind in sorted(kinds.items())]


def _difference(
    path: str, kind: str, old: Mapping[str, Any], new: Mapping[str, Any], live: Mapping[str, Any]
) -> dict[str, Any]:
    keys = parts(path)
    found: dict[str, Any] = {"path": path, "replaces": "replace" in kind}
    for name, value in (("old", at(old, keys)), ("new", at(new, keys))):
        if isinstance(value, bool | int | float):
            found[name] = value
    managers = list(writers(live, keys))
    return found | ({"by": managers[-1]} if managers else {})


def parts(path: str) -> Path:
    """The keys and indices of a property path."""
    return tuple(
        int(match[1]) if match[1] else match[3] if match[2] is None else json.loads(f'"{match[2]}"')
        for match in _PART.finditer(path)
    )


def writers(live: Mapping[str, Any], path: Path) -> Iterator[str]:
    """The other field managers that an object names for a path, the last to write comes last
    (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
    """
    entries = (live.get("metadata") or {}).get("managedFields") or ()
    for entry in sorted(entries, key=lambda one: str(one.get("time", ""))):
        if not str(entry["manager"]).startswith(OURS) and _owns(entry.get("fieldsV1") or {}, live, path):
            yield str(entry["manager"])


def _owns(fields: Mapping[str, Any], live: Any, path: Sequence[str | int]) -> bool:
    """Whether a set of fields has a path; what is empty stands for all that lies below it."""
    if not path:
        return True
    value = at(live, path[:1])
    for key, below in fields.items():
        if _names(key, path[0], value):
            return not below or _owns(below, value, path[1:])
    return False


def _names(key: str, part: str | int, value: Any) -> bool:
    """Whether a key of `fieldsV1` (`f:<field>`, `k:<keys of an item>`, `v:<item>`, `i:<index>`) means a part."""
    form, _, text = key.partition(":")
    if isinstance(part, str) or form in ("f", "i"):
        return form != "" and text == str(part)
    if form == "k":
        return isinstance(value, Mapping) and json.loads(text).items() <= value.items()
    return form == "v" and bool(json.loads(text) == value)


def at(value: Any, path: Sequence[str | int]) -> Any:
    """What a value has at a path; None where it has nothing there."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
