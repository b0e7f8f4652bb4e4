"""What a metric is judged by, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.driver import Result
from lab.providers.kubernetes.cluster import Cluster
from reporting.phases import Phases
from settings.model import Settings


@dataclass(frozen=True)
class Evidence:
    """What a bring-up left behind.

    Attributes:
        state: The exported deployment.
        again: The second preview; None where there was none.
        seconds: How long the update took.
    """

    settings: Settings
    cluster: Cluster
    state: Mapping[str, Any]
    phases: Phases
    up: Result
    again: Result | None
    seconds: float


@dataclass(frozen=True)
class Metric:
    """One row of the table.

    Attributes:
        judged: Each thing that was looked at -> what is wrong with it; empty when it is right. Nothing where this run
            gave no occasion to look.
        proof: What was looked at, in words; says what was only simulated.
    """

    name: str
    judged: Mapping[str, str]
    proof: str

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at is right."""
        return not any(self.judged.values())

    @property
    def result(self) -> str:
        """How many are right, of how many."""
        if not self.judged:
            return "not measured"
        return f"{sum(not problem for problem in self.judged.values())}/{len(self.judged)}"

    @property
    def problems(self) -> list[str]:
        """What is wrong, one line each."""
        return [f"{thing}: {problem}" for thing, problem in self.judged.items() if problem]

    def report(self) -> dict[str, Any]:
        """The metric as `report.json` has it."""
        return {
            "metric": self.name,
            "ok": self.ok if self.judged else None,
            "result": self.result,
            "evidence": self.proof,
            "problems": self.problems,
        }
