"""All invariants, and what a program says to them."""

from collections.abc import Iterator, Mapping
from typing import Any

from invariants import access, order, owners, secrets, workloads
from invariants.invariant import Invariant, Violation
from invariants.view import Program

AREAS: Mapping[str, tuple[Invariant, ...]] = {
    "Workloads": workloads.ALL,
    "Secrets": secrets.ALL,
    "Owners": owners.ALL,
    "Order": order.ALL,
    "Access": access.ALL,
}
ALL = tuple(one for area in AREAS.values() for one in area)


def violations(program: Program[Any]) -> Iterator[tuple[Invariant, Violation]]:
    """Whatever a program breaks."""
    for one in ALL:
        for violation in one.check(program):
            yield one, violation
