"""The parts that a person may name, and what belongs to each."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from settings.problem import Problem
from tools.selection.planned import PHASE, Steps


class SelectionError(Exception):
    """The part cannot be brought up by itself. The message says why, and what to do, in one or more lines."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A phase or a service, as a person named it.

    Attributes:
        dependents: Whether what depends on it is wanted as well.
    """

    phase: str = ""
    service: str = ""
    dependents: bool = False

    def __str__(self) -> str:
        named = f"PHASE={self.phase}" if self.phase else f"SERVICE={self.service}"
        return f"{named} DEPENDENTS=yes" if self.dependents else named


def members(part: Part, steps: Steps, services: Collection[str]) -> frozenset[str]:
    """URNs of what belongs to the part, also of what will go; `services` are those that the stack file switches on.

    Raises:
        SelectionError: when there is no such part.
    """
    known = phases(steps) if part.phase else [one for one in services if _service(one, steps)]
    name = part.phase or part.service
    if name not in known:
        key, kind = ("PHASE", "phase") if part.phase else ("SERVICE", "service that is switched on")
        choices = ", ".join(known) or "nothing that could be named"
        raise SelectionError(str(Problem(key, name, f"is no {kind} in this stack", f"here are {choices}")))
    top = {urn for urn in phases(steps).values() if urn.endswith(f"::{name}")} if part.phase else _service(name, steps)
    return below(top, steps)


def phases(steps: Steps) -> dict[str, str]:
    """URN of each phase by its name."""
    return {step.name: step.urn for step in steps.values() if step.type == PHASE}


def _service(slug: str, steps: Steps) -> set[str]:
    """The component of a service: it stands in a phase and has the service's name (stacks/services.py)."""
    return {urn for urn, step in steps.items() if step.name == slug and _is_part(urn, steps)}


def below(tops: Collection[str], steps: Steps) -> frozenset[str]:
    """Components with everything in them."""
    return frozenset(urn for urn in steps if not set(tops).isdisjoint((urn, *_ancestors(urn, steps))))


def home(urn: str, steps: Steps) -> str:
    """Name of the phase of a resource; empty outside every phase."""
    return next((steps[one].name for one in (urn, *_ancestors(urn, steps)) if steps[one].type == PHASE), "")


def place(urn: str, steps: Steps, services: Collection[str]) -> str:
    """Name of the service or else the phase that a resource belongs to; empty outside both."""
    lineage = [urn, *_ancestors(urn, steps)]
    named = (steps[one].name for one in lineage if _is_part(one, steps) and steps[one].name in services)
    return next(named, "") or home(urn, steps)


def _is_part(urn: str, steps: Steps) -> bool:
    """Whether it is a component that stands in a phase itself."""
    parent = steps.get(steps[urn].parent)
    return steps[urn].is_component and parent is not None and parent.type == PHASE


def _ancestors(urn: str, steps: Steps) -> Iterator[str]:
    while (parent := steps[urn].parent) in steps:
        yield parent
        urn = parent
