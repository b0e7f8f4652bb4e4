"""What was measured, as one document, and each number beside its goal."""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tools.bench import makespan
from tools.bench.growth import Growth
from tools.bench.operations import Measurement, ratio
from tools.bench.serving import Cost

INTERVAL: Final = 600.0
RETRY: Final = 30.0
"""After which Flux looks again at a dependency that was not ready: `--requeue-dependency` of kustomize-controller."""
_DEFAULT_WORKERS: Final = 4
"""Of the engine for each CPU (`defaultParallel`, pulumi 3.250 `pkg/cmd/pulumi/operations/up.go`)."""
_TABLES: Final = 100


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A number that has a goal: at most so much."""

    name: str
    observed: float
    goal: float

    @property
    def held(self) -> bool:
        """Whether it is reached."""
        return self.observed <= self.goal


def operations(found: Measurement, imported: tuple[float, float]) -> dict[str, Any]:
    """Each operation: ratios, and the medians that they come from, which compare with nothing outside this run."""
    bare, whole = imported
    told: dict[str, Any] = {}
    for name, pairs in found.pairs.items():
        told[name] = {
            "cpu": ratio(pairs, lambda one: one.own),
            "engine": ratio(pairs, lambda one: one.engine),
            "program": ratio(pairs, lambda one: one.program),
            "wall": ratio(pairs, lambda one: one.wall),
            "memory": ratio(pairs, lambda one: one.memory),
            "cpuWithImports": statistics.median((one.product.own + whole) / (one.floor.own + bare) for one in pairs),
            "providers": statistics.median(
                one.product.providers / (one.product.own + one.product.providers) for one in pairs
            ),
            "spread": [f(one.product.own / one.floor.own for one in pairs) for f in (min, max)],
            "floor": _medians([one.floor for one in pairs]),
            "product": _medians([one.product for one in pairs]),
        }
    return told


def _medians(costs: Sequence[Cost]) -> dict[str, float]:
    every = [asdict(cost) for cost in costs]
    return {key: statistics.median(one[key] for one in every) for key in every[0]}


def bring_up(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The simulated bring-up of the resources of a state."""
    needs = makespan.graph_of(resources)
    seconds = {one["urn"]: makespan.latency(one) for one in resources}
    shortest = makespan.critical(needs, seconds)
    stages = makespan.stages_of(resources, needs)
    # Nobody knows the latencies of another site: each of these tables has others.
    others = []
    for seed in range(_TABLES):
        draw = random.Random(seed)  # noqa: S311 - no secret
        drawn = {urn: one * draw.choice((0.5, 1, 2)) for urn, one in seconds.items()}
        others.append(makespan.makespan(needs, drawn, 2 * _DEFAULT_WORKERS) / makespan.critical(needs, drawn))
    workers = {str(cpus): makespan.makespan(needs, seconds, cpus * _DEFAULT_WORKERS) for cpus in (1, 2, 4, 8)}
    return {
        "criticalSeconds": shortest,
        "oneByOneSeconds": sum(seconds.values()),
        "secondsByCpus": workers,
        "overCritical": {cpus: one / shortest for cpus, one in workers.items()},
        "overCriticalWorstOfTables": max(others),
        "overPhasesAtIntervals": workers["2"] / makespan.in_stages(needs, seconds, stages, INTERVAL),
        "overPhasesAtRetries": workers["2"] / makespan.in_stages(needs, seconds, stages, RETRY),
    }


def document(
    found: Measurement, imported: tuple[float, float], grown: Mapping[str, Growth], bring: Mapping[str, Any]
) -> dict[str, Any]:
    """All of it, as JSON."""
    told = _of_operations(found, imported) | {
        "bringUp": dict(bring),
        "growth": {kind: asdict(one) for kind, one in grown.items()},
    }
    return told | _judged([*_operation_goals(told), *goals(told)])


def official(found: Measurement, imported: tuple[float, float]) -> dict[str, Any]:
    """Likewise, of the official Kubernetes provider, whose part is told as well."""
    told = _of_operations(found, imported)
    for name, pairs in found.pairs.items():
        told["operations"][name]["official"] = ratio(pairs, lambda one: one.official)
    return told | _judged(_operation_goals(told))


def _of_operations(found: Measurement, imported: tuple[float, float]) -> dict[str, Any]:
    return {
        "machine": {"cpus": os.cpu_count(), "load": list(os.getloadavg())},
        "rounds": max(map(len, found.pairs.values())),
        "bytes": found.bytes,
        "imports": {"floor": imported[0], "product": imported[1]},
        "operations": operations(found, imported),
    }


def _judged(found: Sequence[Goal]) -> dict[str, Any]:
    return {"goals": [asdict(one) | {"held": one.held} for one in found]}


def _operation_goals(told: Mapping[str, Any]) -> list[Goal]:
    return [
        Goal(name=f"{name}, CPU ÷ floor", observed=one["cpu"], goal=1.2) for name, one in told["operations"].items()
    ]


def goals(told: Mapping[str, Any]) -> list[Goal]:
    """The numbers that have a goal, beside those of operations."""
    bring = told["bringUp"]
    found = [
        Goal(name="bring-up ÷ its critical path, engine on 2 CPUs", observed=bring["overCritical"]["2"], goal=1.05),
        Goal(name="bring-up ÷ four phases at intervals", observed=bring["overPhasesAtIntervals"], goal=0.7),
    ]
    for kind, one in told["growth"].items():
        found += [
            Goal(name=f"{kind}: time ÷ trivial", observed=one["time"], goal=1.2),
            Goal(name=f"{kind}: memory ÷ trivial", observed=one["memory"], goal=1.2),
            Goal(name=f"{kind}: second half ÷ first half", observed=one["bend"], goal=1.2),
        ]
    return found
