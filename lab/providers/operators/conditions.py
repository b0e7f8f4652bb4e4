"""Status conditions, as operators write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.providers.kubernetes.cluster import RELEASES, Cluster


def runs(cluster: Cluster, chart: str) -> bool:
    """Whether a release of the chart is up, so that its operator reacts."""
    return any(item["chart"] == chart and item["running"] for item in cluster.world.view(RELEASES).values())


def report(
    cluster: Cluster, obj: Mapping[str, Any], problem: str, more: Sequence[Mapping[str, str]] = (), **status: Any
) -> bool:
    """Write the Ready condition, True when there is no problem, and `more`; a staged fault is one. Is it Ready?"""
    name = obj["metadata"]["name"]
    problem = cluster.site.faults.find("never-ready", (obj["kind"],), (name,)) or problem
    generation = obj["metadata"].get("generation", 1)
    condition = {
        "type": "Ready",
        "status": "False" if problem else "True",
        "reason": "Failed" if problem else "Succeeded",
        "message": problem or "ready",
        "observedGeneration": generation,
    }
    cluster.set_status(obj, {**status, "observedGeneration": generation, "conditions": [condition, *more]})
    return not problem
