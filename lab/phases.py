"""The state of each phase, from engine events or from an exported stack.

A phase is a component of type `home-cluster:phase:Phase`; its name is the phase. A resource belongs to the phase that
is its nearest such ancestor.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_SEVERAL: Final = re.compile(r"\d+ errors? occurred:")
_RESOURCE: Final = re.compile(r'^resource "urn:[^"]*" ')

PHASE_TYPE: Final = "home-cluster:phase:Phase"
_OWN_TYPES: Final = "home-cluster:"

# The order of the design; phases of a stack's own chains come after these, in the order they appear.
ORDER: Final = (
    *("cluster", "phase1-infrastructure", "phase2-identity", "phase3-integration", "phase4-services"),
    "gitops",
)


class Status(StrEnum):
    """Where a phase stands; `waiting` only while an operation runs."""

    WAITING = "waiting"
    PROGRESSING = "progressing"
    READY = "ready"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass
class Phase:
    """One phase.

    Attributes:
        expected: How many resources it will have; grows when more of them turn up.
        done: URNs of finished resources.
        failed: URN -> what went wrong.
        begun: Whether a resource of a provider turned up; components alone say nothing, they wait for no gate.
        started, finished: Unix seconds, None before.
    """

    name: str
    expected: int = 0
    seen: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    started: int | None = None
    finished: int | None = None
    over: bool = False
    begun: bool = False

    @property
    def total(self) -> int:
        """Resources it has or will have."""
        return max(self.expected, len(self.seen))

    @property
    def status(self) -> Status:
        """Derived from what was seen so far."""
        if self.failed:
            return Status.FAILED
        # Without a plan more resources may turn up, so only the end of the operation tells.
        if self.total and len(self.done) >= self.total and (self.expected or (self.over and self.begun)):
            return Status.READY
        if self.over:
            return Status.BLOCKED
        return Status.PROGRESSING if self.started is not None else Status.WAITING

    @property
    def message(self) -> str:
        """The first failure, in one line: the resource's name, and the cause as near to the root as it was told."""
        for urn, text in self.failed.items():
            return f"{_name(urn)}: {_cause(text)}"
        return ""

    def report(self) -> dict[str, Any]:
        """The phase as `report.json` has it."""
        times = {"started": _timestamp(self.started), "finished": _timestamp(self.finished)}
        entry = {"name": self.name, "status": self.status.value, "resources": self.total, **times}
        return entry | ({"message": self.message} if self.failed else {})


def _cause(text: str) -> str:
    """One line of an error: the last of several that a resource's await collected, else the first."""
    lines = [line.strip().removeprefix("* ") for line in text.splitlines() if line.strip()]
    several = bool(lines) and _SEVERAL.fullmatch(lines[0]) is not None
    line = (lines[-1] if several else lines[0]) if lines else "failed"
    return _RESOURCE.sub("", line)


def _timestamp(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat().replace("+00:00", "Z")


class Phases:
    """Follows the events of one operation."""

    def __init__(self, expected: Mapping[str, int] | None = None) -> None:
        """`expected` is the number of resources of each phase, as a preview counted them."""
        self._parents: dict[str, str] = {}
        self._phases: dict[str, Phase] = {}
        for name, count in (expected or {}).items():
            self._phases[name] = Phase(name, expected=count)

    def see(self, event: Mapping[str, Any]) -> Phase | None:
        """Take in an event; the phase it changed, if any."""
        if event["event"] == "message":
            return self._explain(event)
        if event["event"] not in ("start", "done", "failed"):
            return None
        urn = event["urn"]
        self._parents.setdefault(urn, event["parent"])
        if event["op"] in ("delete", "delete-replaced", "discard"):
            return None  # what leaves a phase is no part of it, and a phase that is gone is none
        if event["type"] == PHASE_TYPE:
            return self._phase(_name(urn))
        phase = self._home(urn)
        if phase is None:
            return None
        self._count(phase, event)
        return phase

    def _count(self, phase: Phase, event: Mapping[str, Any]) -> None:
        urn = event["urn"]
        phase.seen.add(urn)
        phase.begun = phase.begun or not event["type"].startswith(_OWN_TYPES)
        if phase.begun:  # components are registered at once, long before anything in the phase may start
            phase.started = phase.started or event["time"]
        if event["event"] == "failed" or (event["event"] == "done" and event["initErrors"]):
            phase.failed.setdefault(urn, "; ".join(event["initErrors"]))
        elif event["event"] == "done":
            phase.done.add(urn)
        if event["event"] != "start":
            phase.finished = event["time"]

    def _explain(self, event: Mapping[str, Any]) -> Phase | None:
        phase = self._home(event["urn"] or "")
        if phase is None or event["severity"] != "error" or event["urn"] not in phase.seen:
            return None
        if not phase.failed.get(event["urn"]):
            phase.failed[event["urn"]] = event["text"]
        return phase

    def _phase(self, name: str) -> Phase:
        return self._phases.setdefault(name, Phase(name))

    def _home(self, urn: str) -> Phase | None:
        parent = self._parents.get(urn, "")
        while parent:
            if is_phase(parent):
                return self._phase(_name(parent))
            parent = self._parents.get(parent, "")
        return None

    def end(self) -> None:
        """The operation is over: what is not done by now was held back."""
        for phase in self._phases.values():
            phase.over = True

    def ordered(self) -> list[Phase]:
        """The phases, in the order of the design."""
        known = {name: index for index, name in enumerate(ORDER)}
        return sorted(self._phases.values(), key=lambda phase: known.get(phase.name, len(known)))

    def counts(self) -> dict[str, int]:
        """Resources of each phase, for the next operation's `expected`."""
        return {phase.name: phase.total for phase in self.ordered()}


def is_phase(urn: str) -> bool:
    """Whether a URN is that of a phase."""
    _, _, qualified_type = urn.rpartition("::")[0].rpartition("::")
    return qualified_type.rpartition("$")[2] == PHASE_TYPE


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def of_stack(deployment: Mapping[str, Any]) -> Phases:
    """The phases of an exported deployment: ready, or failed where a resource did not initialise."""
    phases = Phases()
    for resource in deployment.get("resources") or []:
        errors = resource.get("initErrors") or []
        step = {"urn": resource["urn"], "type": resource["type"], "parent": resource.get("parent", ""), "op": "same"}
        phases.see({"event": "done", "time": 0, "initErrors": errors, **step})
    phases.end()
    return phases
