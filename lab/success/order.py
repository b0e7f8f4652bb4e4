"""Metrics of the bring-up: in one go, in phases that fail apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import networkx as nx

from lab import plan
from lab.phases import ORDER, Status, is_phase
from lab.success.evidence import Evidence, Metric

# Each phase of the platform builds on all before it; GitOps on the cluster alone.
_CHAIN: Final = tuple(name for name in ORDER if name != "gitops")
_SERVICES: Final = "phase4-services"


def recreation(evidence: Evidence) -> Metric:
    """Whether one update made everything and left nothing to do."""
    again = evidence.again
    judged = {"update": "" if evidence.up.ok else evidence.up.error or "failed"}
    if again is None or not again.ok:
        judged["second preview"] = "did not run" if again is None else again.error or "failed"
    else:
        judged["second preview"] = f"wants {again.changed} changes" if again.changed else ""
    resources = sum(phase.total for phase in evidence.phases.ordered())
    return Metric(
        "one command recreates everything",
        judged,
        f"{resources} resources in {evidence.seconds:.0f} s, and a second preview with no change",
    )


def at_a_glance(evidence: Evidence) -> Metric:
    """Whether each phase says of itself that it is ready."""
    judged = {
        phase.name: "" if phase.status is Status.READY else f"{phase.status.value} {phase.message}".rstrip()
        for phase in evidence.phases.ordered()
    }
    return Metric("state of each phase at a glance", judged, "the table above, from the events of the engine")


def containment(evidence: Evidence) -> Metric:
    """Whether a failure would reach those phases that build on the failed one, all of them whole, and no other."""
    resources = {item["urn"]: item for item in evidence.state.get("resources") or []}
    graph = _graph(resources)
    homes = {urn: home for urn in resources if (home := _phase(resources, urn)) is not None}
    present = dict.fromkeys(homes.values())
    judged = {phase: _spread(phase, graph, homes) for phase in present}
    judged |= _services(evidence.state)
    proof = "from the graph of the state: what would wait for each phase and each service, and what would not"
    return Metric("a failed phase holds back only its dependents", judged, proof)


def _graph(resources: Mapping[str, Mapping[str, Any]]) -> nx.DiGraph[str]:
    """Arrows from what is needed to what needs it, between resources that a provider manages."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for urn, resource in resources.items():
        graph.add_node(urn)
        graph.add_edges_from((needed, urn) for needed in plan.dependencies(resources, resource))
    return graph


def _phase(resources: Mapping[str, Mapping[str, Any]], urn: str) -> str | None:
    """Phase of a resource that a provider manages; None of others."""
    if not resources[urn].get("custom") or "pulumi:providers:" in urn:
        return None
    parent = resources[urn].get("parent", "")
    while parent and not is_phase(parent):
        parent = resources.get(parent, {}).get("parent", "")
    return parent.rsplit("::", 1)[-1] if parent else None


def _spread(phase: str, graph: nx.DiGraph[str], homes: Mapping[str, str]) -> str:
    """What is wrong with whom a failure of the whole phase would hold back."""
    failed = [urn for urn, home in homes.items() if home == phase]
    reached = set().union(*(nx.descendants(graph, urn) for urn in failed))
    for other in dict.fromkeys(home for home in homes.values() if home != phase):
        members = [urn for urn, home in homes.items() if home == other]
        held = [urn for urn in members if urn in reached]
        if not _builds_on(other, phase) and held:
            return f"would hold back {_name(held[0])} of {other}, which does not build on it"
        free = [urn for urn in members if urn not in reached]
        if _builds_on(other, phase) and free:
            return f"would not hold back {_name(free[0])} of {other}, which builds on it"
    return ""


def _builds_on(phase: str, other: str) -> bool:
    if other not in _CHAIN:
        return False
    return other == "cluster" or (phase in _CHAIN and _CHAIN.index(other) < _CHAIN.index(phase))


def _services(state: Mapping[str, Any]) -> dict[str, str]:
    """Each service, and which other one would fail with it."""
    found = next((one for one in plan.read(state).phases if one.name == _SERVICES), None)
    if found is None:
        return {}
    titles = {part.key: part.title for part in found.parts}
    judged = dict.fromkeys(titles.values(), "")
    for needed, needing in found.edges:
        judged[titles[needed]] = f"{titles[needing]} would fail with it"
    return judged


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
