"""Where the parts of a phase stand: columns by what they wait for, rows so that arrows cross little.

A layered layout in the manner of Sugiyama: layers, bend points where an arrow passes a layer, barycentre sweeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import networkx as nx

from reporting.plan import Edge, PhasePlan

_SWEEPS: Final = 12


@dataclass(frozen=True)
class Slot:
    """One place of a column: a part, or (`part` empty) a point where an arrow passes."""

    key: str
    part: str = ""


@dataclass
class Layout:
    """Columns from left to right, and the slots each arrow visits."""

    columns: list[list[Slot]] = field(default_factory=list)
    routes: dict[Edge, list[str]] = field(default_factory=dict)


def arrange(plan: PhasePlan) -> Layout:
    """The layout of a phase."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(part.key for part in plan.parts)
    graph.add_edges_from(plan.edges)
    if not plan.edges:  # nothing waits: side by side instead of a tower
        return Layout([[Slot(part.key, part.key)] for part in plan.parts])
    layers = _layers(graph)
    columns: list[list[Slot]] = [[] for _ in range(max(layers.values()) + 1)]
    for key, layer in layers.items():
        columns[layer].append(Slot(key, key))
    routes, links = _routes(graph.edges, layers, columns)
    _sort(columns, links)
    return Layout(columns, routes)


def _layers(graph: nx.DiGraph[str]) -> dict[str, int]:
    """The layer of each part: after the longest chain before it; what waits for nothing stands near who needs it."""
    layers: dict[str, int] = {}
    for number, generation in enumerate(nx.topological_generations(graph)):
        layers |= dict.fromkeys(generation, number)
    for key in graph.nodes:
        after = [layers[successor] for successor in graph.successors(key)]
        if not list(graph.predecessors(key)) and after:
            layers[key] = min(after) - 1
    return layers


def _routes(
    edges: Iterable[Edge], layers: Mapping[str, int], columns: list[list[Slot]]
) -> tuple[dict[Edge, list[str]], list[Edge]]:
    """Bend points for arrows that pass a layer; the arrow's stations, and the links between neighbouring layers."""
    routes: dict[Edge, list[str]] = {}
    links: list[Edge] = []
    for start, end in edges:
        stations = [start]
        for layer in range(layers[start] + 1, layers[end]):
            # Arrows from one part share their bend points, as a bundle.
            key = f"{start} {layer}"
            if all(slot.key != key for slot in columns[layer]):
                columns[layer].append(Slot(key))
            stations.append(key)
        stations.append(end)
        routes[(start, end)] = stations
        links += [link for link in pairwise(stations) if link not in links]
    return routes, links


def _sort(columns: list[list[Slot]], links: list[Edge]) -> None:
    """Order each column by the middle of its neighbours' rows, sweeping right and left."""
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for column in columns if forward else reversed(columns):
            rows = {slot.key: (row + 0.5) / len(other) for other in columns for row, slot in enumerate(other)}
            middle: dict[str, float] = {}
            for slot in column:
                near = [rows[a if forward else b] for a, b in links if (b if forward else a) == slot.key]
                middle[slot.key] = sum(near) / len(near) if near else rows[slot.key]
            column.sort(key=lambda slot: (middle[slot.key], slot.key))
