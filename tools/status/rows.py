"""One row for each phase, each service and each stage of a chain, from what the state and the cluster say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any

from lib.names import PHASES
from lib.secret_state import resources

State = Mapping[str, Any]
PHASE = "home-cluster:phase:Phase"
STAGE = "home-cluster:chain/stage:Stage"
_OWN = "home-cluster:"
_STASH = "pulumi:index:Stash"
_SERVICES = "phase4-services"
_HELD, _NOTHING = "dependency", "not reached yet: make up"
_GIVEN_UP = ("[BackoffLimitExceeded]", "[DeadlineExceeded]")


@dataclass(frozen=True, kw_only=True)
class Row:
    """How something stands.

    Attributes:
        ready: Whether it is; None where nobody can tell.
        since: When the oldest of its resources was made.
        part_of: The phase, of what is no phase itself.
    """

    name: str
    ready: bool | None
    message: str
    since: datetime | None = None
    part_of: str = ""


def rows(
    state: State,
    live: Mapping[str, str] | None,
    services: Iterable[str],
    failed: bool,
    built_on: Mapping[str, Sequence[str]],
) -> list[Row]:
    """Every phase that the program has, in the order of lib.names.PHASES, then the services and the stages of chains.

    Args:
        live: What is not ready, by URN; None where the cluster was not asked.
        services: Slugs of the services that the stack file switches on.
        failed: Whether the last update failed.
        built_on: What each phase and each stage builds on (register/phases.py).
    """
    view = _View(state, live or {}, built_on)
    found: dict[str, Row] = {}
    for name in TopologicalSorter({one: _builds_on(view, one) for one in view.phases}).static_order():
        found[name] = _phase(view, name, [found[one] for one in _builds_on(view, name)])
    if failed:
        found |= {name: _unexplained(found[name]) for name in _culprits(view, found)}
        # Now it is known what the others wait for.
        for name in [one for one in found if not view.reached(one)]:
            found[name] = _phase(view, name, [found[one] for one in _builds_on(view, name)])
    staged = _stages(view, found, failed)
    found |= {name: _with_stages(row, staged) for name, row in found.items()}
    parts = (*(_service(view, slug, found) for slug in services), *staged)
    return [*(found[name] for name in sorted(found, key=_place)), *parts]


def _place(phase: str) -> int:
    return list(PHASES).index(phase) if phase in PHASES else len(PHASES)


def _builds_on(view: "_View", phase: str) -> list[str]:
    """Phases that a phase waits for; in the place of one that this stack does not have, what that one waits for.

    One that the table does not name is the stack's own and waits for the cluster.
    """
    found: list[str] = []
    for one in view.built_on.get(phase, ("cluster",)):
        found += [one] if one in view.phases else _builds_on(view, one)
    return list(dict.fromkeys(found))


def _culprits(view: "_View", found: Mapping[str, Row]) -> list[str]:
    """Phases that look ready, yet nothing that builds on them was reached: what failed in them left no trace."""
    held = [name for name in found if not view.reached(name)]
    before = {one for name in held for one in _builds_on(view, name)}
    return [name for name in before if found[name].ready and not view.proven(name)]


def _unexplained(row: Row) -> Row:
    return replace(row, ready=False, message="the last update failed in it; make up says why")


class _View:
    """A state, asked by what lies below what."""

    def __init__(self, state: State, live: Mapping[str, str], built_on: Mapping[str, Sequence[str]]) -> None:
        operations = (state.get("deployment") or {}).get("pending_operations") or ()
        self.pending = {one["resource"]["urn"]: str(one["type"]) for one in operations}
        # What was only begun is no resource of the state yet; it stands last.
        begun = {one["resource"]["urn"]: one["resource"] for one in operations}
        self.all = {one["urn"]: one for one in resources(state)}
        self.all |= {urn: one for urn, one in begun.items() if urn not in self.all}
        self.live, self.built_on = live, built_on
        self.phases = {_name(urn): urn for urn, one in self.all.items() if one["type"] == PHASE}
        self.stages = {_name(urn): urn for urn, one in self.all.items() if one["type"] == STAGE}

    def below(self, urn: str) -> list[Mapping[str, Any]]:
        """Every resource under a component, by its ancestors."""
        return [one for one in self.all.values() if urn in self._ancestors(one)]

    def _ancestors(self, one: Mapping[str, Any]) -> Sequence[str]:
        found: list[str] = []
        parent = str(one.get("parent", ""))
        while parent:
            found.append(parent)
            parent = str(self.all.get(parent, {}).get("parent", ""))
        return found

    def reached(self, phase: str) -> bool:
        """Whether what the phase or stage builds on was ready once: its barrier stands for that."""
        return self.stash(f"{phase}-gates") is not None

    def proven(self, phase: str) -> bool:
        """Whether another phase was let through by the gates of this one."""
        members = {one["urn"] for one in self.below(self.phases[phase])}
        barriers = (self.stash(f"{one}-gates") for one in self.phases if one != phase)
        return any(members.intersection(one.get("dependencies") or ()) for one in barriers if one is not None)

    def stash(self, name: str) -> Mapping[str, Any] | None:
        """What stands for gates, by its name."""
        stashes = (one for one in self.all.values() if one["type"] == _STASH)
        return next((one for one in stashes if _name(one["urn"]) == name), None)

    def wrong(self, members: Sequence[Mapping[str, Any]]) -> str:
        """The first thing that is not as it should be, as `resource: why`; empty where nothing is."""
        for one in members:
            urn = one["urn"]
            if urn in self.pending:
                return f"{_name(urn)}: {self.pending[urn]} was cut off; `make up` goes on from there"
            if one.get("initErrors"):
                return f"{_name(urn)}: {_reason(one['initErrors'])}"
            if urn in self.live:
                return f"{_name(urn)}: {self.live[urn]}"
        return ""


def _phase(view: _View, name: str, builds_on: Sequence[Row]) -> Row:
    if not view.reached(name):
        on = ", ".join(row.name for row in builds_on if row.ready is False)
        return Row(name=name, ready=False if on else None, message=f"{_HELD} {on} is not ready" if on else _NOTHING)
    return _standing(view, view.phases[name])


def _standing(view: _View, component: str) -> Row:
    """How what lies below a component is."""
    members = view.below(component)
    own = [one for one in members if not one["type"].startswith((_OWN, "pulumi:"))]
    wrong = view.wrong(members)
    return Row(name=_name(component), ready=not wrong, message=wrong or f"{len(own)} resources", since=_since(own))


def _service(view: _View, slug: str, phases: Mapping[str, Row]) -> Row:
    home = phases.get(_SERVICES)
    component = next(
        (urn for urn, one in view.all.items() if _name(urn) == slug and one["type"].startswith(_OWN)), None
    )
    if home is None or component is None or not view.reached(_SERVICES):
        ready, message = (home.ready, home.message) if home is not None and home.ready is False else (None, _NOTHING)
        return Row(name=slug, ready=ready, message=message, part_of=_SERVICES)
    return replace(_standing(view, component), part_of=_SERVICES)


def _stages(view: _View, phases: Mapping[str, Row], failed: bool) -> list[Row]:
    """Every stage, after those that it depends on."""
    needs = {name: view.built_on.get(name, ()) for name in view.stages}
    before = {name: [one for one in on if one in view.stages] for name, on in needs.items()}
    found: dict[str, Row] = {}
    for name in TopologicalSorter(before).static_order():
        found[name] = _stage(view, name, {**phases, **found}, failed)
    return list(found.values())


def _stage(view: _View, name: str, known: Mapping[str, Row], failed: bool) -> Row:
    """A stage is ready once the barrier behind it is there; what the engine refused left no other trace."""
    urn = view.stages[name]
    chain = known[_name(str(view.all[urn]["parent"]))]
    row = replace(_standing(view, urn), name=name.removeprefix(f"{chain.name}-"), part_of=chain.name)
    if not view.reached(chain.name):
        return replace(row, ready=chain.ready, message=chain.message)
    if not view.reached(name):
        needs = (known[one] for one in view.built_on.get(name, ()) if one in known and one != chain.name)
        on = ", ".join(_said(one) for one in needs if one.ready is False)
        return replace(row, ready=False if on else None, message=f"{_HELD} {on} is not ready" if on else _NOTHING)
    if row.ready and view.stash(f"{name}-ready") is None:
        return _unexplained(row) if failed else replace(row, ready=None, message=_NOTHING)
    return row


def _said(row: Row) -> str:
    """As the stack file calls it."""
    return f"{row.part_of.removeprefix('chain-')}/{row.name}" if row.part_of else row.name


def _with_stages(row: Row, stages: Sequence[Row]) -> Row:
    """A chain is ready when all its stages are."""
    if row.ready is None:
        return row
    short = sorted(
        (one for one in stages if one.part_of == row.name and not one.ready), key=lambda one: one.ready is None
    )
    return replace(row, ready=short[0].ready, message=f"{short[0].name}: {short[0].message}") if short else row


def _since(members: Sequence[Mapping[str, Any]]) -> datetime | None:
    made = [datetime.fromisoformat(one["created"]).astimezone(UTC) for one in members if one.get("created")]
    return min(made, default=None)


def _reason(errors: Sequence[str]) -> str:
    """The last of several that an await collected; of a Job the reason stands before that there is no further try."""
    told = [one for one in errors if not str(one).startswith(_GIVEN_UP)] or errors
    return " ".join(str(told[-1]).split())


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
