"""Engine events, reduced to what progress, reports and tests need."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from pulumi import automation as auto
from pulumi.automation.events import DiagnosticEvent, StepEventMetadata

from reporting.differences import differences

Event = dict[str, Any]
Listener = Callable[[Event], object]

# As the engine writes them where nobody told it `--color never` (pulumi, sdk/go/common/diag/colors).
_COLOUR: Final = re.compile(r"<\{%.*?%\}>")


def compact(event: auto.EngineEvent) -> Event | None:
    """One event as a JSON-ready mapping, or None for kinds that nobody needs.

    `event` is `start`, `done` or `failed` of one step, `message`, or `doing`: what a provider says in passing of a
    resource at which it is; times are Unix seconds. In the lab, `done` and `failed` also have `simulated`, the seconds
    that the step took there.
    """
    for kind, found in (
        ("start", event.resource_pre_event),
        ("done", event.res_outputs_event),
        ("failed", event.res_op_failed_event),
    ):
        if found is not None:
            return {"event": kind, "time": event.timestamp, **_step(found.metadata)}
    message = event.diagnostic_event
    return _said(message) if message is not None else None


def _said(message: DiagnosticEvent) -> Event | None:
    text = _COLOUR.sub("", message.message).strip()
    if message.ephemeral or message.severity == "info":
        return {"event": "doing", "urn": message.urn, "text": text} if message.urn and text else None
    if message.severity not in ("error", "warning", "info#err"):
        return None
    severity = "warning" if message.severity == "warning" else "error"
    return {"event": "message", "severity": severity, "urn": message.urn, "text": text}


def _step(metadata: StepEventMetadata) -> dict[str, Any]:
    state = metadata.new or metadata.old
    operation = metadata.op.value if hasattr(metadata.op, "value") else str(metadata.op)
    return {
        "urn": metadata.urn,
        "type": metadata.type,
        "op": operation,
        "parent": state.parent if state else "",
        "initErrors": list((state.init_errors if state else None) or []),
        "diffs": list(metadata.diffs or []),
        "differences": differences(metadata),
    }
