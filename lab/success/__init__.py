"""What the platform is for, measured on what a bring-up left behind: the simulated world and the exported state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lab.success import login, order, secrets
from lab.success.evidence import Evidence, Metric

_MEASURES: Final[tuple[Callable[[Evidence], Metric], ...]] = (
    secrets.no_direct_vault,
    secrets.rotation,
    order.recreation,
    order.containment,
    order.at_a_glance,
)


def measure(evidence: Evidence) -> tuple[Metric, ...]:
    """Every metric, in the order of the table."""
    asked = login.ask(evidence)  # the doubles look into the world from threads of their own
    with evidence.cluster.world.transaction():
        return (*asked, *(judge(evidence) for judge in _MEASURES))


__all__ = ["Evidence", "Metric", "measure"]
