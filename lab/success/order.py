"""Metrics of the bring-up: in one go, in phases that fail apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import networkx as nx

from lab.success.evidence import Evidence, Metric
from register.phases import built_on
from reporting import fates
from reporting.phase import Status
from reporting.phases import EARLY, is_phase
from settings.model import Settings

_SERVICES: Final = "phase4-services"
_STAGE: Final = "home-cluster:chain/stage:Stage"


def recreation(evidence: Evidence) -> Metric:
    """Whether one update made everything and left nothing to do. An update that found something there says nothing."""
    again, changes = evidence.again, evidence.phases.changes()
    made, resources = changes.get("create", 0), sum(changes.values())
    found = resources - made - changes.get("read", 0)
    name = "one command recreates everything"
    if found:
        again_from_nothing = "`make demo ARGS=--fresh` begins with nothing"
        return Metric(name, {}, f"this run found {found} of {resources} resources there already: {again_from_nothing}")
    judged = {"update": "" if evidence.up.ok else evidence.up.error or "failed"}
    if again is None or not again.ok:
        judged["second preview"] = "did not run" if again is None else again.error or "failed"
    else:
        judged["second preview"] = f"wants {again.changed} changes" if again.changed else ""
    proof = f"one update made {resources} resources in {evidence.seconds:.0f} s, all simulated; then a second preview"
    return Metric(name, judged, proof)


def at_a_glance(evidence: Evidence) -> Metric:
    """Whether each phase says of itself that it is ready."""
    judged = {
        phase.name: "" if phase.status is Status.READY else f"{phase.status.value} {phase.message}".rstrip()
        for phase in evidence.phases.ordered()
    }
    return Metric("state of each phase at a glance", judged, "the table above, from the events of the engine")


def containment(evidence: Evidence) -> Metric:
    """Whether a failure would reach those phases and stages that build on the failed one, all of them whole, and no
    other.
    """
    resources = {item["urn"]: item for item in evidence.state.get("resources") or []}
    graph = _graph(resources)
    parts = {urn: part for urn in resources if (part := _part(resources, urn)) is not None}
    homes = {urn: _home(resources, part) for urn, part in parts.items()}
    table = built_on(evidence.settings)
    judged = {phase: _spread(phase, graph, homes, table) for phase in dict.fromkeys(homes.values())}
    services = {urn: _service(evidence.settings, part) for urn, part in parts.items() if homes[urn] == _SERVICES}
    judged |= {service: _alone(service, graph, services) for service in dict.fromkeys(services.values()) if service}
    proof = "from the graph of the state: what would wait for each phase and each service, and what would not"
    return Metric("a failed phase holds back only its dependents", judged, proof)


def _graph(resources: Mapping[str, Mapping[str, Any]]) -> nx.DiGraph[str]:
    """Arrows from what is needed to what needs it."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for urn, resource in resources.items():
        graph.add_node(urn)
        graph.add_edges_from((needed, urn) for needed in fates.dependencies(resources, resource))
    return graph


def _part(resources: Mapping[str, Mapping[str, Any]], urn: str) -> str | None:
    """The direct child of a phase that a resource is or is part of; None of what no provider manages."""
    if not resources[urn].get("custom") or "pulumi:providers:" in urn:
        return None
    while (parent := resources.get(urn, {}).get("parent", "")) and not is_phase(parent):
        urn = parent
    return urn if parent else None


def _home(resources: Mapping[str, Mapping[str, Any]], part: str) -> str:
    """The phase of a part; of a stage the stage, which waits for more than its chain does."""
    return _name(part if resources[part]["type"] == _STAGE else resources[part]["parent"])


def _spread(phase: str, graph: nx.DiGraph[str], homes: Mapping[str, str], table: Mapping[str, Sequence[str]]) -> str:
    """What is wrong with whom a failure of the whole phase would hold back; `table` says what each builds on."""
    reached = _reached(phase, graph, homes)
    for other in dict.fromkeys(home for home in homes.values() if home != phase):
        members = [urn for urn, home in homes.items() if home == other]
        held = [urn for urn in members if urn in reached]
        if not _builds_on(other, phase, table) and held:
            return f"would hold back {_name(held[0])} of {other}, which does not build on it"
        free = [urn for urn in members if urn not in reached and not _is_early(urn)]
        if _builds_on(other, phase, table) and free:
            return f"would not hold back {_name(free[0])} of {other}, which builds on it"
    return ""


def _is_early(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2] in EARLY


def _reached(home: str, graph: nx.DiGraph[str], homes: Mapping[str, str]) -> set[str]:
    reached: set[str] = set()
    for urn, found in homes.items():
        if found == home and urn not in reached:
            reached |= nx.descendants(graph, urn)
    return reached


def _builds_on(phase: str, other: str, table: Mapping[str, Sequence[str]]) -> bool:
    """By all that it builds on in turn; a phase of a stack's own builds on the cluster."""
    return any(one == other or _builds_on(one, other, table) for one in table.get(phase, ("cluster",)))


def _service(settings: Settings, part: str) -> str:
    """The service that a part of the last phase is named after; empty for what is nobody's in particular."""
    return next((name for name in settings.hosts if _name(part).split("-")[0] == name), "")


def _alone(service: str, graph: nx.DiGraph[str], services: Mapping[str, str]) -> str:
    reached = _reached(service, graph, services)
    others = [urn for urn, found in services.items() if found not in ("", service) and urn in reached]
    return f"would take {_name(others[0])} of {services[others[0]]} along" if others else ""


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
