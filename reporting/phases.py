"""The state of each phase, from engine events.

A phase is a component of type `home-cluster:phase:Phase`; its name is the phase. A resource belongs to the phase that
is its nearest such ancestor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from lib.names import PHASES
from reporting.phase import Phase, name_of

PHASE_TYPE: Final = "home-cluster:phase:Phase"
_OWN_TYPES: Final = "home-cluster:"
# What waits for its own needs alone and so comes before its phase: a renewed secret reaches all its readers at once.
EARLY: Final = ("kubernetes:core/v1:Namespace", "kubernetes:external-secrets.io/v1:ExternalSecret")

UNCHANGED: Final = ("same", "read", "refresh")
"""Operations that leave a resource as it is."""

GOING: Final = ("delete", "delete-replaced", "discard")
"""Operations after which a resource is no more, or no more of the stack."""

ORDER: Final = tuple(PHASES)


class Phases:
    """Follows the events of one operation."""

    def __init__(
        self,
        expected: Mapping[str, int] | None = None,
        *,
        leaving: bool = False,
        parents: Mapping[str, str] | None = None,
    ) -> None:
        """`expected` is the number of resources of each phase, as a preview counted them.

        `leaving` is for an operation that removes everything. Children go first, so it needs the `parents` of the state
        (URN -> URN).
        """
        self.events: list[Mapping[str, Any]] = []
        self._leaving = leaving
        self._parents: dict[str, str] = dict(parents or {})
        self._phases: dict[str, Phase] = {}
        self._changes: dict[str, str] = {}
        for name, count in (expected or {}).items():
            self._phase(name).expected = count

    @classmethod
    def after(cls, planned: Phases) -> Phases:
        """For the operation that a preview, which `planned` followed, foretells."""
        phases = cls(planned.counts(), leaving=planned._leaving, parents=planned._parents)
        for phase in planned.ordered():
            phases._phase(phase.name).to_change = phase.changes
        return phases

    def see(self, event: Mapping[str, Any]) -> Phase | None:
        """Take in an event; the phase it changed, if any."""
        self.events.append(event)
        if event["event"] == "message":
            return self._explain(event)
        if event["event"] not in ("start", "done", "failed"):
            return None
        urn = event["urn"]
        self._parents.setdefault(urn, event["parent"])
        if event["op"] in GOING and not self._leaving:
            return None  # what leaves a phase is no part of it, and a phase that is gone is none
        if event["type"] == PHASE_TYPE:
            return self._phase(name_of(urn))
        phase = self._home(urn)
        if phase is None:
            return None
        self._count(phase, event)
        return phase

    def _count(self, phase: Phase, event: Mapping[str, Any]) -> None:
        urn = event["urn"]
        phase.seen.add(urn)
        phase.begun = phase.begun or not event["type"].startswith((_OWN_TYPES, *EARLY))
        if phase.begun:  # components are registered at once, long before anything in the phase may start
            phase.started = phase.started or event["time"]
        if event["op"] not in UNCHANGED and not is_declared(event["type"]):
            phase.work_on(urn, event["time"], early=event["type"].startswith(EARLY))
        if event["event"] == "failed" or (event["event"] == "done" and event["initErrors"]):
            phase.failed.setdefault(urn, "; ".join(event["initErrors"]))
        elif event["event"] == "done":
            phase.done.add(urn)
            self._changes[urn] = "replace" if "replace" in event["op"] else event["op"]
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
        return self._phases.setdefault(name, Phase(name, leaving=self._leaving))

    def _home(self, urn: str) -> Phase | None:
        parent = self._parents.get(urn, "")
        while parent:
            if is_phase(parent):
                return self._phase(name_of(parent))
            parent = self._parents.get(parent, "")
        return None

    def end(self, held: Mapping[str, Iterable[str]] | None = None) -> None:
        """The operation is over. `held` has the URNs of the failed resources that hold a phase back, where it is known
        (reporting.fates); else a phase that is not done is taken to wait for all that failed.
        """
        failed = {urn: f"{name_of(urn)} of {phase.name}" for phase in self._phases.values() for urn in phase.failed}
        for phase in self._phases.values():
            phase.over = True
            phase.held_by = tuple(failed[urn] for urn in (failed if held is None else held.get(phase.name, ())))

    def urns(self) -> tuple[set[str], set[str]]:
        """What is done and what failed."""
        phases = self._phases.values()
        return {urn for phase in phases for urn in phase.done}, {urn for phase in phases for urn in phase.failed}

    def changes(self) -> dict[str, int]:
        """How many resources of the phases were made, changed, replaced, read or left as they were."""
        return dict(Counter(self._changes.values()))

    def ordered(self) -> list[Phase]:
        """The phases, in the order of the design."""
        known = {name: index for index, name in enumerate(ORDER)}
        return sorted(self._phases.values(), key=lambda phase: known.get(phase.name, len(known)))

    def counts(self) -> dict[str, int]:
        """Resources of each phase, for the next operation's `expected`."""
        return {phase.name: phase.total for phase in self.ordered()}


def is_declared(type_token: str) -> bool:
    """Whether a type is that of a component or a provider: nothing is made when it is registered."""
    return type_token.startswith((_OWN_TYPES, "pulumi:"))


def is_phase(urn: str) -> bool:
    """Whether a URN is that of a phase."""
    _, _, qualified_type = urn.rpartition("::")[0].rpartition("::")
    return qualified_type.rpartition("$")[2] == PHASE_TYPE
