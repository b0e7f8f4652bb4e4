"""When an object counts as ready: `pulumi.com/waitFor`, or what the provider awaits for its kind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import is_true
from lab.providers.kubernetes.kinds import Kind
from lab.providers.kubernetes.workloads import READINESS

WAIT_FOR: Final = "pulumi.com/waitFor"
SKIP: Final = "pulumi.com/skipAwait"
TIMEOUT: Final = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"
DEFAULT_SECONDS: Final = 600.0

_JSONPATH: Final = re.compile(r"jsonpath=\{?(?P<path>[^}=]+)\}?(=(?P<value>.*))?")


class BadWaitForError(ValueError):
    """The annotation cannot be understood."""


def annotations_of(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The annotations of an object."""
    return (obj.get("metadata") or {}).get("annotations") or {}


def expressions(obj: Mapping[str, Any]) -> list[str]:
    """The conditions of `pulumi.com/waitFor`: one, or a JSON list of them. Raises BadWaitForError."""
    text = annotations_of(obj).get(WAIT_FOR)
    if not text:
        return []
    found = json.loads(text) if str(text).startswith("[") else [text]
    for item in found:
        if not str(item).startswith("condition=") and not _JSONPATH.fullmatch(str(item)):
            raise BadWaitForError(f'expected a "jsonpath=" or "condition=" prefix, got {item!r}')
    return [str(item) for item in found]


def timeout_seconds(obj: Mapping[str, Any], custom: float) -> float:
    """Seconds the provider waits: custom timeout, then annotation, then its default of ten minutes."""
    return custom or float(annotations_of(obj).get(TIMEOUT) or DEFAULT_SECONDS)


def unready(cluster: Cluster, obj: Mapping[str, Any]) -> list[str]:
    """Why the object is not ready; empty when it is, or when nothing is awaited."""
    if annotations_of(obj).get(SKIP) == "true":
        return []
    wanted = expressions(obj)
    if wanted:
        return [reason for reason in (_unmet(obj, item) for item in wanted) if reason]
    kind = Kind.of(obj)
    check = READINESS.get(f"{kind.group}/{kind.kind}" if kind.group else kind.kind)
    return check(cluster, obj) if check else []


def failed(obj: Mapping[str, Any]) -> bool:
    """Whether waiting is pointless: a Job that has failed for good."""
    return obj.get("kind") == "Job" and bool((obj.get("status") or {}).get("failed"))


def _unmet(obj: Mapping[str, Any], expression: str) -> str:
    if expression.startswith("condition="):
        name, _, value = expression.removeprefix("condition=").partition("=")
        conditions = (obj.get("status") or {}).get("conditions") or []
        state = next((item for item in conditions if item["type"] == name), None)
        met = is_true(obj, name) if not value else bool(state and state["status"] == value)
        detail = f": {state.get('message', '')}" if state else ""
        return "" if met else f"Waiting for condition {name}={value or 'True'}{detail}"
    match = _JSONPATH.fullmatch(expression)
    if match is None:
        return f"cannot parse {expression}"
    found: Any = obj
    for part in match["path"].strip().lstrip(".").split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    text = json.dumps(found) if isinstance(found, bool) else str(found)
    met = found is not None and (match["value"] is None or text == match["value"])
    return "" if met else f"Waiting for {expression} (found {found!r})"
