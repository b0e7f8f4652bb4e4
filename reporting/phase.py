"""One phase of an operation: where it stands, and what the report says of it."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_SEVERAL: Final = re.compile(r"\d+ errors? occurred:")
_BESIDE: Final = ("[BackoffLimitExceeded]", "[DeadlineExceeded]", "runbook: ")
_RESOURCE: Final = re.compile(r'^resource "urn:[^"]*" ')


class Status(StrEnum):
    """Where a phase stands; `waiting` and `progressing` only while an operation runs."""

    WAITING = "waiting"
    PROGRESSING = "progressing"
    READY = "ready"
    GONE = "gone"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_REACHED = "not reached"


@dataclass
class Phase:
    """One phase.

    Attributes:
        expected: How many resources it will have; grows when more of them turn up.
        to_change: How many of them will be made, changed or replaced; grows in the same way.
        done: URNs of finished resources.
        failed: URN -> what went wrong.
        held_by: What holds it back, in words; empty where nothing does.
        begun: Whether a resource turned up that waits for the gates before it; components alone say nothing.
        started, finished: Unix seconds, None before.
        leaving: Whether it is being removed.
        changing: URNs of what is or was being changed.
        busy: Unix seconds of the first and the last event of such a resource.
    """

    name: str
    expected: int = 0
    seen: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    started: int | None = None
    finished: int | None = None
    over: bool = False
    held_by: tuple[str, ...] = ()
    begun: bool = False
    leaving: bool = False
    to_change: int = 0
    changing: set[str] = field(default_factory=set)
    busy: tuple[int, int] | None = None

    @property
    def total(self) -> int:
        """Resources it has or will have."""
        return max(self.expected, len(self.seen))

    @property
    def changes(self) -> int:
        """Resources that are or will be changed."""
        return max(self.to_change, len(self.changing))

    @property
    def changed(self) -> int:
        """How many of them are done."""
        return len(self.changing & self.done)

    def work_on(self, urn: str, moment: int, *, early: bool) -> None:
        """A resource is being changed, or was; what comes before its phase does not say when that began."""
        self.changing.add(urn)
        if self.busy or not early:
            self.busy = (self.busy[0] if self.busy else moment, moment)

    def seconds(self, now: float) -> float | None:
        """For how long it was worked on, until now where it still is; None where nothing was to do."""
        if self.busy is None:
            return None
        under_way = self.status is Status.PROGRESSING and not self.over
        return (now if under_way else self.busy[1]) - self.busy[0]

    @property
    def status(self) -> Status:
        """Derived from what was seen so far."""
        if self.failed:
            return Status.FAILED
        # Without a plan more resources may turn up, so only the end of the operation tells.
        if self.total and len(self.done) >= self.total and (self.expected or (self.over and self.begun)):
            return Status.GONE if self.leaving else Status.READY
        if self.over:
            return Status.BLOCKED if self.held_by else Status.NOT_REACHED
        return Status.PROGRESSING if self.started is not None else Status.WAITING

    @property
    def message(self) -> str:
        """Why it is not ready, in one line: the first failure, as near to its root as told, or who is waited for."""
        for urn, text in self.failed.items():
            return f"{name_of(urn)}: {_cause(text)}"
        return f"waits for {', '.join(self.held_by)}" if self.status is Status.BLOCKED else ""

    def report(self) -> dict[str, Any]:
        """The phase as `report.json` has it."""
        over = self.status in (Status.READY, Status.GONE, Status.FAILED)
        times = {"started": _timestamp(self.started), "finished": _timestamp(self.finished) if over else None}
        entry: dict[str, Any] = {
            "name": self.name,
            "status": self.status.value,
            "done": len(self.done),
            "resources": self.total,
            **times,
        }
        if self.status is Status.BLOCKED:
            entry["blockedBy"] = list(self.held_by)
        return entry | ({"message": self.message} if self.message else {})


def _cause(text: str) -> str:
    """One line of an error: the last of several that a resource's await collected, else the first."""
    lines = [line.strip().removeprefix("* ") for line in text.splitlines() if line.strip()]
    several = bool(lines) and _SEVERAL.fullmatch(lines[0]) is not None
    # Of a Job the reason stands before the runbook and the sentence that there will be no further try.
    lines = [line for line in lines if not line.startswith(_BESIDE)] or lines
    line = (lines[-1] if several else lines[0]) if lines else "failed"
    return _RESOURCE.sub("", line)


def _timestamp(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat().replace("+00:00", "Z")


def name_of(urn: str) -> str:
    """Logical name of a resource."""
    return urn.rsplit("::", 1)[-1]
