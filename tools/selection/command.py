"""From `PHASE=`, `CHAIN=`, `SERVICE=` and `DEPENDENTS=` to the `--target` flags of the CLI."""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from lib.secret_state import State, resources
from register.services import SERVICES
from settings.chains import phase_name
from settings.changes import applied
from settings.model import Settings
from settings.problem import Problem
from tools.refusal import page
from tools.selection.parts import Part, SelectionError, place
from tools.selection.planned import read
from tools.selection.select import Selection, select
from tools.selection.unsafe import reasons
from tools.state import Engine, StateError
from tools.waiting import ticking

_OPERATIONS = ("preview", "up")


def named(operation: str, given: Mapping[str, str], dependents: str) -> Part | None:
    """The part that a person named; None where the whole stack is meant.

    Args:
        given: Names by PHASE, CHAIN and SERVICE; empty where a person said none.

    Raises:
        SelectionError: when that cannot be meant.
    """
    said = {key: value for key, value in given.items() if value}
    if not said:
        if dependents:
            fix = "say PHASE=, CHAIN= or SERVICE="
            raise SelectionError(str(Problem("DEPENDENTS", dependents, "belongs to a part", fix)))
        return None
    if len(said) > 1:
        both = " and ".join(f"{key}={value}" for key, value in said.items())
        raise SelectionError(f"{both} are two parts; say one of them")
    ((key, value),) = said.items()
    if operation not in _OPERATIONS:
        fix = f"{' and '.join(_OPERATIONS)} do"
        raise SelectionError(str(Problem(key, value, f"is no part for {operation}, which takes none", fix)))
    if dependents not in ("", "yes", "no"):
        raise SelectionError(
            str(Problem("DEPENDENTS", dependents, "is neither yes nor no", "say yes, or leave it out"))
        )
    if key == "SERVICE":
        return Part(service=value, dependents=dependents == "yes")
    return Part(phase=phase_name(value) if key == "CHAIN" else value, dependents=dependents == "yes")


def confined(
    part: Part, engine: Engine, settings: Settings, environment: Mapping[str, str], say: Callable[[str], object]
) -> list[str]:
    """The flags that confine an operation to a part; ends the command where it is unsafe or has nothing to do."""
    try:
        with ticking(f"looking at what belongs to {part}"):
            selection = _looked_at(part, engine, settings, environment)
    except (SelectionError, StateError) as error:
        say(f"{error}\n{page('up')}")
        sys.exit(1)
    for line in told(selection):
        say(line)
    return [flag for urn in sorted(selection.targets) for flag in ("--target", urn)] or sys.exit(0)


def _looked_at(part: Part, engine: Engine, settings: Settings, environment: Mapping[str, str]) -> Selection:
    """The part, from a preview of the whole stack."""
    state, services = engine.state() or {}, [one.slug for one in SERVICES if one.enabled(settings)]
    if not any(resources(state)):
        raise SelectionError(_whole(part, engine.stack, ["nothing of this stack is up yet"]))
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "plan.json"
        try:
            engine.preview(file, environment)
        except StateError as error:
            raise SelectionError(f"what belongs to {part} is told by a preview, and that failed: {error}") from None
        return chosen(part, file, state, services, engine.stack)


def chosen(part: Part, file: Path, state: State, services: Collection[str], stack: str) -> Selection:
    """The part of the plan in `file`, which it removes; raises SelectionError where it would be unsafe."""
    selection = select(part, read(file, state), services, applied(state))
    unsafe = reasons(selection) if selection.targets else []
    if unsafe:
        raise SelectionError(_whole(part, stack, unsafe))
    return selection


def _whole(part: Part, stack: str, unsafe: Iterable[str]) -> str:
    lines = "\n".join(f"  - {line}" for line in unsafe)
    return (
        f"{part} cannot be brought up by itself, so nothing was begun:\n{lines}\n"
        f"make up STACK={stack} does everything, and a failure there holds back only what needs it"
    )


def told(selection: Selection) -> Iterator[str]:
    """What is done, and what is left for an update of everything."""
    if not selection.targets:
        yield f"{selection.part}: nothing of it changes, nor of what it needs"
    else:
        yield f"{selection.part} brings about {_counted(selection, selection.changing)}"
    if left := _counted(selection, selection.left):
        yield f"left as it is until everything is brought up: {left}"


def _counted(selection: Selection, urns: Iterable[str]) -> str:
    """Numbers by kind, and below where; components only hold others together."""
    steps = [selection.steps[urn] for urn in urns if not selection.steps[urn].is_component]
    kinds = Counter(step.operation for step in steps)
    places = Counter(place(step.urn, selection.steps, selection.services) or "the stack itself" for step in steps)
    what = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return f"{what} ({', '.join(f'{count} in {name}' for name, count in sorted(places.items()))})" if steps else ""
