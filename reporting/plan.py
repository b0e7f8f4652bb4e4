"""A stack as a plan: phases, the parts in them, and what waits for what.

A part is a direct child of a phase (a component, or a resource where there is none around it). A dependency of anything
in a part on anything in another one is a dependency between the parts, or between their phases. Both are reduced: an
arrow that follows from others is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import networkx as nx

from reporting.fates import DONE, Ending, Resources, dependencies, together
from reporting.phases import ORDER, is_phase

Edge = tuple[str, str]

# As many like parts are shown as one.
_GROUP: Final = 3


@dataclass(frozen=True)
class Part:
    """A part of a phase.

    Attributes:
        key: URN, or that of the first member of a group.
        title: Logical name, or number and common name of a group.
        kind: Class of the component or resource.
        size: Number of resources in it.
        ending: What became of it.
        source: File of the component; empty where no component is around the resource.
    """

    key: str
    title: str
    kind: str
    size: int
    ending: Ending = DONE
    source: str = ""


@dataclass(frozen=True)
class PhasePlan:
    """A phase: its parts and the arrows between them, from what is needed to what needs it; and how many resources."""

    name: str
    parts: tuple[Part, ...]
    edges: tuple[Edge, ...]
    resources: int
    ending: Ending = DONE


@dataclass(frozen=True)
class Plan:
    """The whole stack; edges are between names of phases."""

    phases: tuple[PhasePlan, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class _Place:
    phase: str
    part: str


def read(deployment: Mapping[str, Any], endings: Mapping[str, Ending] | None = None) -> Plan:
    """The plan of a deployment; with `endings`, what became of its resources, else all are taken to be done."""
    resources = {item["urn"]: item for item in deployment.get("resources") or []}
    places = {urn: place for urn in resources if (place := _place(resources, urn)) is not None}
    graph: nx.DiGraph[str] = nx.DiGraph()
    for urn, place in places.items():
        graph.add_node(place.part, phase=place.phase)
        for needed in dependencies(resources, resources[urn]):
            other = places.get(needed)
            if other is not None and other.part != place.part:
                weight = graph.get_edge_data(other.part, place.part, {"weight": 0})["weight"]
                graph.add_edge(other.part, place.part, weight=weight + 1)
    phases = {place.phase for place in places.values()}
    between = {(graph.nodes[a]["phase"], graph.nodes[b]["phase"]) for a, b in graph.edges}
    ordered = sorted(phases, key=lambda urn: (_rank(_name(urn)), _name(urn)))
    members = {phase: [urn for urn in resources if home(resources, urn) == phase] for phase in ordered}
    plans = tuple(_phase(urn, graph, places, members[urn], endings or {}) for urn in ordered)
    arrows = _reduced(phases, ((a, b) for a, b in between if a != b))
    return Plan(plans, tuple(sorted((_name(a), _name(b)) for a, b in arrows)))


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _kind(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1].rsplit(":", 1)[-1]


def _source(urn: str) -> str:
    """The file that a type token of the program names (docs/architecture.md)."""
    project, path, _ = urn.split("::")[2].rsplit("$", 1)[-1].split(":")
    return f"components/{path}.py" if project == "home-cluster" else ""


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def home(resources: Resources, urn: str) -> str | None:
    """The phase that a resource belongs to, providers included; None outside every phase."""
    while parent := resources.get(urn, {}).get("parent"):
        if is_phase(parent):
            return str(parent)
        urn = parent
    return None


def _place(resources: Resources, urn: str) -> _Place | None:
    """Phase and part of a resource; None outside every phase, and for a phase itself and providers."""
    if is_phase(urn):
        return None
    part = urn
    while parent := resources.get(part, {}).get("parent"):
        if is_phase(parent):
            return None if "pulumi:providers:" in part else _Place(parent, part)
        part = parent
    return None


def _phase(
    urn: str,
    graph: nx.DiGraph[str],
    places: Mapping[str, _Place],
    resources: Sequence[str],
    endings: Mapping[str, Ending],
) -> PhasePlan:
    # By name, as the order of a state depends on who was ready first.
    members = sorted((node for node in graph.nodes if graph.nodes[node]["phase"] == urn), key=_name)
    inside = {member: [one for one, place in places.items() if place.part == member] for member in members}
    inner: nx.DiGraph[str] = nx.DiGraph(graph.subgraph(members))
    _break_cycles(inner)
    edges = _reduced(members, inner.edges)
    groups = _grouped(members, edges)
    merged = {member: group[0] for group in groups for member in group}
    parts = tuple(_part(group, [one for member in group for one in inside[member]], endings) for group in groups)
    arrows = {(merged[a], merged[b]) for a, b in edges if merged[a] != merged[b]}
    arrows = set(_reduced(merged.values(), arrows))
    ending = together(endings.get(one, DONE) for one in resources)
    return PhasePlan(_name(urn), parts, tuple(sorted(arrows)), len(resources), ending)


def _break_cycles(graph: nx.DiGraph[str]) -> None:
    """Parts may need each other's resources, although resources never do: drop the thinner direction."""
    while True:
        try:
            cycle = nx.find_cycle(graph)
        except nx.NetworkXNoCycle:
            return
        graph.remove_edge(*min(cycle, key=lambda edge: graph.edges[edge]["weight"]))


def _reduced(nodes: Iterable[str], edges: Iterable[Edge]) -> list[Edge]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(edges)
    return list(nx.transitive_reduction(graph).edges)


def _grouped(members: list[str], edges: list[Edge]) -> list[list[str]]:
    """Members of one kind with the same neighbours, when there are many; each other one by itself."""
    like: dict[Any, list[str]] = {}
    for member in members:
        before = frozenset(a for a, b in edges if b == member)
        after = frozenset(b for a, b in edges if a == member)
        like.setdefault((_kind(member), before, after), []).append(member)
    return [
        group
        for alike in like.values()
        for group in ([alike] if len(alike) >= _GROUP else [[member] for member in alike])
    ]


def _part(group: list[str], inside: Sequence[str], endings: Mapping[str, Ending]) -> Part:
    kind, source, ending = _kind(group[0]), _source(group[0]), together(endings.get(one, DONE) for one in inside)
    if len(group) == 1:
        return Part(group[0], _name(group[0]), kind, len(inside), ending, source)
    names = sorted(_name(member) for member in group)
    return Part(group[0], f"{len(group)} x {kind}", f"{names[0]} … {names[-1]}", len(inside), ending, source)
