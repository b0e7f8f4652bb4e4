"""What an operation did, and whether anything is lost by it: pure functions over what was seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lab.assurance.platform import HOLDING, Platform
from lab.driver import Result
from lib.secret_state import resources
from reporting.events import Event
from reporting.phase import name_of
from tools import identity
from tools.state import State

Allowed = Callable[[str, str], bool]
"""Whether an operation may touch a URN in such a step."""

_SHOWN: Final = 300
_QUIET: Final = frozenset({"same", "read", "refresh", "read-discard", "discard"})
_LOSING: Final = frozenset({"delete", "replace", "delete-replaced", "create-replacement", "discard-replaced"})
_PLACES: Final = (
    "gitea/content ",
    "harbor/content ",
    "kubernetes/clusters ",
    "kubernetes/objects /Namespace/",
    "kubernetes/objects /PersistentVolume",
    "kubernetes/objects /Secret/vault/vault-keys",
    "kubernetes/objects apps/StatefulSet/",
    "kubernetes/objects postgresql.cnpg.io/Cluster/",
    "kubernetes/objects postgresql.cnpg.io/Database/",
    "kubernetes/releases ",
    "proxmox/vms ",
    "talos/nodes ",
    "vault/servers ",
)
"""Places of the world in which data lies, or with which it goes, whoever removes them: the engine or a controller."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An operation that is over.

    Attributes:
        steps: URN -> the operations that began on it, each with how it ended: `done`, `failed` or `begun`.
        struck: URNs whose planted fault came about.
        removed: Places of the world that were emptied, also of those that were filled again.
        before, after: The state.
        leaks: Secrets that anybody could read in what it left.
        mended: What was found lost when the fault was taken back.
        told: URN -> what the engine said of its failure.
    """

    steps: Mapping[str, Mapping[str, str]]
    ok: bool = True
    error: str = ""
    struck: Collection[str] = ()
    removed: Collection[str] = ()
    before: State = field(default_factory=dict)
    after: State = field(default_factory=dict)
    leaks: Collection[str] = ()
    mended: Collection[str] = ()
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> frozenset[str]:
        """What failed."""
        return frozenset(urn for urn, steps in self.steps.items() if "failed" in steps.values())

    def followed_by(self, later: Seen) -> Seen:
        """Both as one."""
        urns = self.steps.keys() | later.steps.keys()
        steps = {urn: {**self.steps.get(urn, {}), **later.steps.get(urn, {})} for urn in urns}
        return replace(later, steps=steps)

    def did(self, urn: str) -> bool:
        """Whether anything but looking was carried out on it."""
        return any(how == "done" and one not in _QUIET for one, how in self.steps.get(urn, {}).items())

    def changed(self) -> Iterator[tuple[str, str]]:
        """What was touched, and how."""
        yield from ((urn, one) for urn, steps in self.steps.items() for one in steps if one not in _QUIET)


def steps_of(events: Iterable[Event]) -> dict[str, dict[str, str]]:
    """The steps of an operation, by URN."""
    found: dict[str, dict[str, str]] = {}
    for event in events:
        if event["event"] in ("start", "done", "failed"):
            steps = found.setdefault(event["urn"], {})
            steps[event["op"]] = "begun" if event["event"] == "start" else event["event"]
    return found


def held_back(platform: Platform, seen: Seen, target: str) -> Iterator[str]:
    """What is wrong with what `target` held back: a failure is told, and nothing that needs it is touched."""
    if target not in seen.failed:
        yield "its failure was not told"
    for urn in sorted(platform.dependents(target)):
        if urn in seen.steps:
            yield f"{name_of(urn)} went on, although it needs it"


def went_on(platform: Platform, struck: Iterable[str], seen: Seen) -> Iterator[str]:
    """What was held back although it needs none of what failed."""
    unsaid = platform.reads - seen.steps.keys()
    stopped = seen.failed.union(unsaid, *(platform.dependents(urn) for urn in {*struck, *seen.failed, *unsaid}))
    for urn in sorted(platform.real - stopped - seen.steps.keys()):
        yield f"{name_of(urn)} was held back, although it needs none of what failed"


def outside(seen: Seen, allowed: Allowed, real: Collection[str]) -> Iterator[str]:
    """What was touched that had nothing to do with it."""
    for urn, operation in seen.changed():
        if urn in real and not allowed(urn, operation):
            yield f"{name_of(urn)} was touched: {operation}"


def unexpected(seen: Seen, struck: Iterable[str]) -> Iterator[str]:
    """What failed without a fault of its own."""
    for urn in sorted(seen.failed - {*struck}):
        yield f"{name_of(urn)} failed by itself{f': {seen.told[urn][:_SHOWN]}' if urn in seen.told else ''}"


def data_lost(seen: Seen) -> Iterator[str]:
    """Data that went: what holds it was deleted or replaced, generated keys are others, its place was emptied."""
    kinds = {one["urn"]: str(one["type"]) for one in (*resources(seen.before), *resources(seen.after))}
    for urn, operation in seen.changed():
        if operation in _LOSING and kinds.get(urn, urn.rpartition("$")[2]).startswith(HOLDING):
            yield f"{name_of(urn)} holds data: {operation}"
    yield from (f"{name} is another since" for name in identity.renewed(seen.before, seen.after))
    yield from (f"{place} was removed" for place in sorted(seen.removed) if place.startswith(_PLACES))


def broken(state: State) -> Iterator[str]:
    """Where a state names what does not stand before it, or twice the same: the engine would not read it again."""
    stood: set[str] = set()
    for one in resources(state):
        needs = {*(one.get("dependencies") or ()), one.get("parent"), one.get("deletedWith")} - {None, ""}
        provider = (one.get("provider") or "").rpartition("::")[0]
        for urn in sorted(needs | ({provider} if provider else set()) - {None}):
            if urn not in stood:
                yield f"the state has {name_of(one['urn'])} before {name_of(urn)}"
        if one["urn"] in stood and not one.get("delete"):
            yield f"the state has {name_of(one['urn'])} twice"
        stood.add(one["urn"])


def lasting(preview: Result) -> Iterator[str]:
    """What a preview after all of it still wants."""
    if not preview.ok:
        yield f"a preview fails: {preview.error[:_SHOWN]}"
    wanted = {kind: count for kind, count in preview.changes.items() if kind not in _QUIET}
    yield from (f"it never comes to rest: a preview wants {count} {kind}" for kind, count in wanted.items())


def left(state: State) -> Iterator[str]:
    """What is left after a destroy."""
    yield from (f"{name_of(one['urn'])} is left" for one in resources(state) if one.get("custom"))
