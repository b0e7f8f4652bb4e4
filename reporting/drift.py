"""What a refresh would find: which resources differ from the state, in which phase, and what puts that right.

The engine compares what a provider read with what the program last wanted, as the next update would
(`RefreshStep.Apply`, pkg/resource/deploy/step.go of pulumi/pulumi). So what a resource only reports of itself
is no drift; and an update that does not refresh compares the program with the state and sees none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reporting.events import Event
from reporting.phase import name_of
from reporting.phases import ORDER, is_phase

CHANGED, DELETED = "changed", "deleted"

_PEOPLE: Final = ("kubectl", "k9s", "lens", "helm", "Mozilla", "curl")
"""What the names of field managers begin with that a person uses; any other writes again by itself."""
_OUTSIDE: Final[Mapping[str, str]] = {
    "proxmoxve": "Proxmox",
    "talos": "Talos",
    "vault": "Vault",
    "authentik": "Authentik",
}
_EMPTY: Final = ("VmLegacy", "PersistentVolumeClaim", "Cluster")
"""Types of what holds data, which is not made again with them."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A resource that is not as the state has it.

    Attributes:
        what: `changed` or `deleted`.
        differences: Of a changed one, as `reporting.differences` has them; none where it only reports something else.
    """

    urn: str
    type: str
    phase: str
    what: str
    differences: tuple[Mapping[str, Any], ...] = ()

    @property
    def name(self) -> str:
        """Logical name of the resource."""
        return name_of(self.urn)

    @property
    def by(self) -> tuple[str, ...]:
        """Who wrote what differs, as far as anybody can tell."""
        managers = dict.fromkeys(str(one["by"]) for one in self.differences if "by" in one)
        outside = _OUTSIDE.get(self.type.partition(":")[0])
        return tuple(managers) or ((f"somebody in {outside}",) if outside and self.differences else ())

    @property
    def repairable(self) -> bool:
        """Whether an update that refreshes puts it right."""
        return self.what == DELETED or bool(self.differences)

    @property
    def remedy(self) -> str:
        """What an update that refreshes does about it, or why nothing."""
        if self.what == DELETED:
            empty = self.type.rpartition(":")[2] in _EMPTY
            return "is made again" + (", without the data that was in it" if empty else "")
        if not self.differences:
            return "stays: only what it reports of itself differs, and the program asks for none of it"
        how = "is put back" + (" by replacing it" if any(one["replaces"] for one in self.differences) else "")
        again = [one for one in self.by if not one.startswith((*_PEOPLE, "somebody"))]
        return how + (f", until {' and '.join(again)} writes it again" if again else "")

    def document(self) -> dict[str, Any]:
        """The finding for programs."""
        found = {name: getattr(self, name) for name in ("urn", "type", "phase", "what", "repairable", "remedy")}
        return found | {"by": list(self.by), "differences": list(self.differences)}


@dataclass
class Drift:
    """Follows the events of the preview of a refresh.

    Attributes:
        findings: In no order.
        unwell: Why a resource is not well, by its name: `make status` has more.
        errors: Why not everything could be read.
        looked: How many resources were compared.
    """

    findings: list[Finding] = field(default_factory=list)
    unwell: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    looked: int = 0
    _parents: dict[str, str] = field(default_factory=dict)

    def see(self, event: Event) -> None:
        """Take in an event (reporting.events)."""
        if event["event"] == "message" and event["severity"] == "error":
            self.errors.append(f"{name_of(event['urn'])}: {event['text']}" if event["urn"] else event["text"])
        if event["event"] == "failed":
            self.errors.append(f"{name_of(event['urn'])} could not be read")
        if event["event"] not in ("start", "done"):
            return
        self._parents.setdefault(event["urn"], event["parent"])
        if event["event"] == "done":
            self._done(event)

    def _done(self, event: Event) -> None:
        self.looked += 1
        if event["initErrors"]:
            self.unwell[name_of(event["urn"])] = event["initErrors"][-1]
        what = {"update": CHANGED, "delete": DELETED}.get(event["op"])
        if what:
            found = tuple(event["differences"]) if what == CHANGED else ()
            phase = self._phase(event["urn"])
            self.findings.append(
                Finding(urn=event["urn"], type=event["type"], phase=phase, what=what, differences=found)
            )

    def _phase(self, urn: str) -> str:
        while parent := self._parents.get(urn):
            if is_phase(parent):
                return name_of(parent)
            urn = parent
        return ""

    def ordered(self) -> list[Finding]:
        """By phase, as the phases are shown, then by name."""
        known = {name: index for index, name in enumerate(ORDER)}
        return sorted(self.findings, key=lambda one: (known.get(one.phase, len(known)), one.phase, one.name))

    def counts(self) -> dict[str, int]:
        """How many are changed and how many deleted."""
        found = Counter(one.what for one in self.findings)
        return {CHANGED: found[CHANGED], DELETED: found[DELETED]}
