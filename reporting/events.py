"""Engine events, reduced to what progress, reports and tests need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi import automation as auto
from pulumi.automation.events import StepEventMetadata

Event = dict[str, Any]
Listener = Callable[[Event], object]


def compact(event: auto.EngineEvent) -> Event | None:
    """One event as a JSON-ready mapping, or None for kinds that nobody needs.

    `event` is `start`, `done` or `failed` of one step, or `message`; times are Unix seconds.
    """
    for kind, found in (
        ("start", event.resource_pre_event),
        ("done", event.res_outputs_event),
        ("failed", event.res_op_failed_event),
    ):
        if found is not None:
            return {"event": kind, "time": event.timestamp, **_step(found.metadata)}
    message = event.diagnostic_event
    if message is not None and message.severity in ("error", "warning", "info#err"):
        severity = "warning" if message.severity == "warning" else "error"
        return {"event": "message", "severity": severity, "urn": message.urn, "text": message.message.strip()}
    return None


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
    }
