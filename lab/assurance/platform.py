"""The finished platform as what is struck is chosen from: its resources, what waits for what, what holds data."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import networkx as nx

from lib.secret_state import resources
from reporting import fates
from tools.state import State

GENERATED: Final = ("random:", "tls:", "talos:machine/secrets:")
HOLDING: Final = (
    *GENERATED,
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:helm.sh/v3:Release",
    "kubernetes:postgresql.cnpg.io/v1:Cluster",
    "kubernetes:postgresql.cnpg.io/v1:Database",
    "proxmoxve:index/vmLegacy:VmLegacy",
    "pulumi:index:Stash",
    "talos:machine/bootstrap:Bootstrap",
    "vault:index/mount:Mount",
)
"""Types that hold data, or with which data goes: machines with their disks, databases, keys, what claims hang on."""
_BY_HAND: Final = (
    "authentik:index/blueprint:Blueprint",
    "vault:identity/group:Group",
    "vault:identity/groupAlias:GroupAlias",
)
"""Whose id nobody can tell after a kill: docs/runbooks/interrupted.md says what a person does."""
_NEVER_CHANGED: Final = (
    *GENERATED,
    "command:",
    "pulumi:",
    "talos:imageFactory/schematic:",
    "vault:pkiSecret/secretBackendIntermediate",
)
"""Nobody is waited for there, and they are made anew where anything of them changes."""


@dataclass(frozen=True)
class Platform:
    """The state of a finished bring-up; `part` of `parts` confines what is struck, by URN."""

    state: State
    part: int = 0
    parts: int = 1

    @cached_property
    def all(self) -> dict[str, Mapping[str, Any]]:
        """Everything, by URN."""
        return {one["urn"]: one for one in resources(self.state)}

    @cached_property
    def real(self) -> frozenset[str]:
        """What a provider makes, without the components around it."""
        return frozenset(urn for urn, one in self.all.items() if one.get("custom"))

    @cached_property
    def reads(self) -> frozenset[str]:
        """What is only read: of the resource that its id comes from the engine notes no dependency."""
        return frozenset(urn for urn, one in self.all.items() if one.get("external"))

    @cached_property
    def _graph(self) -> nx.DiGraph[str]:
        graph: nx.DiGraph[str] = nx.DiGraph()
        graph.add_nodes_from(self.all)
        for urn, one in self.all.items():
            graph.add_edges_from((needed, urn) for needed in fates.dependencies(self.all, one))
        return graph

    def kind(self, urn: str) -> str:
        """Type token."""
        return str(self.all[urn]["type"])

    def dependents(self, urn: str) -> frozenset[str]:
        """What needs it, directly or not."""
        return frozenset(nx.descendants(self._graph, urn)) & self.real

    def needs(self, urn: str) -> frozenset[str]:
        """What it needs, directly or not."""
        return frozenset(nx.ancestors(self._graph, urn)) & self.real

    def strikable(self, moment: str) -> frozenset[str]:
        """What of this part can be struck at a moment: the engine itself makes some, and some have no update."""
        local = moment.startswith("update") or moment.endswith("-timeout")
        unreachable = _NEVER_CHANGED if local else ("pulumi:",)
        left_out = (*unreachable, *(_BY_HAND if moment == "create-killed" else ()))
        return (
            frozenset(urn for urn in self.real if not self.kind(urn).startswith(left_out) and self._ours(urn))
            - self.reads
        )

    def levels(self, urns: Collection[str]) -> list[tuple[str, ...]]:
        """Those URNs in as few groups as can be in which none needs another, what is needed first."""
        depth: dict[str, int] = {}
        for urn in nx.topological_sort(self._graph):
            below = max((depth[needed] for needed in self._graph.predecessors(urn)), default=0)
            depth[urn] = below + (urn in urns)
        groups = defaultdict(list)
        for urn in sorted(urns):
            groups[depth[urn]].append(urn)
        return [tuple(groups[level]) for level in sorted(groups)]

    def named(self, name: str) -> Iterator[str]:
        """URNs of that logical name."""
        return (urn for urn in self.real if urn.rpartition("::")[2] == name)

    def _ours(self, urn: str) -> bool:
        return zlib.crc32(urn.encode()) % self.parts == self.part
