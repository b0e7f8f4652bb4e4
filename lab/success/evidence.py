"""What a metric is judged by, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lab.driver import Result
from lab.phases import Phases
from lab.providers.kubernetes import pods
from lab.providers.kubernetes.cluster import RELEASES, Cluster
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

    def values(self, namespace: str, release: str) -> Mapping[str, Any]:
        """The values a release has; none where there is no such release."""
        found = self.cluster.world.view(RELEASES).get(f"{namespace}/{release}") or {}
        values: Mapping[str, Any] = found.get("values") or {}
        return values


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


@dataclass(frozen=True)
class Gate:
    """A Job that proved something: its plain variables, and whether it succeeded."""

    name: str
    variables: Mapping[str, str]
    passed: bool
    message: str

    @property
    def problem(self) -> str:
        """Empty when it passed."""
        return "" if self.passed else f"{self.name} has not passed: {self.message or 'no reason given'}"


def gates(cluster: Cluster) -> Iterator[Gate]:
    """Every Job of the cluster."""
    for job in cluster.each("batch/Job"):
        variables = {
            variable["name"]: str(variable.get("value", ""))
            for container in pods.containers(pods.pod_template(job)["spec"])
            for variable in container.get("env") or []
        }
        status = job.get("status") or {}
        yield Gate(
            job["metadata"]["name"], variables, bool(status.get("succeeded")), "; ".join(status.get("messages", ()))
        )


def proven(cluster: Cluster, wanted: Mapping[str, str], what: str) -> str:
    """Empty when a Job with these variables passed, otherwise what is missing."""
    found = [gate for gate in gates(cluster) if wanted.items() <= gate.variables.items()]
    return found[-1].problem if found else f"no Job asks {what}"
