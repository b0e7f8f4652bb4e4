"""The forms an object takes: as the SDK writes it, as the API server keeps it, as inputs that would produce it."""

from __future__ import annotations

import copy
from typing import Any, Final

from lab.providers.kubernetes.cluster import encoded
from lab.providers.wire import Properties

_SERVER_FIELDS: Final = (
    "uid",
    "generation",
    "resourceVersion",
    "ownerReferences",
    "managedFields",
    "creationTimestamp",
)


def without_server_fields(live: Properties) -> Properties:
    """A live object without its status and what only the server writes."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVER_FIELDS}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def from_sdk(value: Any) -> Any:
    """The SDK writes `x_kubernetes_…` for the field names with dashes in definitions."""
    if isinstance(value, dict):
        return {
            key.replace("_", "-") if key.startswith("x_kubernetes_") else key: from_sdk(item)
            for key, item in value.items()
        }
    return [from_sdk(item) for item in value] if isinstance(value, list) else value


def as_stored(inputs: Properties) -> Properties:
    """The object the API server keeps: `stringData` becomes `data`."""
    obj = copy.deepcopy(inputs)
    text = obj.pop("stringData", None) if obj.get("kind") == "Secret" else None
    if isinstance(text, dict):
        obj["data"] = {**(obj.get("data") or {}), **encoded(text)}
    return obj
