"""Where a part must not be brought up by itself: it would leave halves, or reach beyond the part."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tools.selection import planned
from tools.selection.parts import home, phases
from tools.selection.planned import STASH
from tools.selection.select import GENERATION, Selection

_SHOWN: Final = 4


def reasons(selection: Selection) -> list[str]:
    """Why not, each with what to do instead beside a whole update; empty where nothing speaks against it."""
    return [line for check in _CHECKS for line in check(selection)]


def _not_there_yet(selection: Selection) -> Iterator[str]:
    """A phase is there once what it builds on was ready: then its barrier was made (components/phase.py)."""
    steps, own = selection.steps, {home(urn, selection.steps) for urn in selection.members}
    needed = {home(urn, steps) for urn in selection.chosen} & phases(steps).keys() - own
    barriers = {step.name.removesuffix("-gates"): step for step in steps.values() if step.type == STASH}
    for name in sorted(needed):
        if name in barriers and barriers[name].operation == "create":
            yield f"{name}, which it needs, was never reached: bring that up first, PHASE={name}"


def _providers(selection: Selection) -> Iterator[str]:
    """The engine brings every provider up to date, target or not."""
    steps = selection.steps
    for urn in selection.left:
        if steps[urn].is_provider and urn not in selection.chosen:
            verb = {"create": "is to be made", "delete": "goes"}.get(steps[urn].operation, "changes")
            yield f"the provider {steps[urn].name} {verb} outside it, and the engine would do that in every update"


def _halves(selection: Selection) -> Iterator[str]:
    """What changes together with something that it is made of. Jobs only prove that, and do so in the next update."""
    steps, sources, takers = selection.steps, set[str](), set[str]()
    carrying = {one for one in selection.changing if steps[one].carries}
    for step in (steps[urn] for urn in selection.left):
        moved = carrying & step.needs - {step.parent}
        if moved and not step.is_job and step.operation != "delete":
            sources |= moved
            takers.add(step.urn)
    if takers:
        yield (
            f"{_named(selection, sources)} would change, and {_named(selection, takers)}, which takes that up, would "
            "not: DEPENDENTS=yes takes that in"
        )


def _replaced(selection: Selection) -> Iterator[str]:
    """What others need as well would be gone for a while; a Job and a made-up value hold nothing."""
    steps = selection.steps
    for step in (steps[urn] for urn in selection.changing):
        if step.operation != "replace" or step.is_job or step.is_made_up or step.urn in selection.members:
            continue
        users = planned.reached(planned.order(steps), [step.urn]) - selection.chosen
        if users:
            yield f"{step.name}, which it needs, would be replaced, and {_named(selection, users)} need it too"


def _gone(selection: Selection) -> Iterator[str]:
    """What depends on a target and is to go must be a target itself, or the engine fails at the end of its work."""
    steps = selection.steps
    behind = planned.reached(planned.order(steps), selection.targets) - selection.targets
    gone = [one for one in behind if steps[one].operation == "delete" or steps[one].doomed]
    if gone:
        yield f"{_named(selection, gone)} would have to be deleted with it, and is no part of it"


def _record(selection: Selection) -> Iterator[str]:
    """The record is one value, and what it says was applied."""
    if selection.recorded and selection.unrecorded:
        yield (
            f"{_listed(selection.unrecorded)} would be recorded as applied together with "
            f"{_listed(selection.recorded)}, before it is"
        )
    # So would the stack output secretGenerations, which the engine writes in every update.
    elif raised := [key for key in selection.unrecorded if key.startswith(GENERATION)]:
        yield f"{_listed(raised)} would be recorded as applied, before it is"


_CHECKS: tuple[Callable[[Selection], Iterator[str]], ...] = (
    _not_there_yet,
    _providers,
    _halves,
    _replaced,
    _gone,
    _record,
)


def _named(selection: Selection, urns: Iterable[str]) -> str:
    return _listed(selection.steps[urn].name for urn in urns)


def _listed(names: Iterable[str]) -> str:
    every = sorted(set(names))
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return f"{', '.join(every[:_SHOWN])}{more}"
