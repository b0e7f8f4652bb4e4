"""What a recorded program did, and the questions a test asks about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import networkx as nx
from pulumi import ResourceHook

from invariants.view import PHASE, UNKNOWN, Path, Program, Resource, is_below, walk

__all__ = ["PHASE", "STASH", "Call", "Recorded", "Recording", "RegisteredOutputs"]

STASH = "pulumi:index:Stash"


@dataclass(frozen=True, kw_only=True)
class Recorded(Resource):
    """One registered or read resource, as the engine was asked for it.

    Attributes:
        property_dependencies: For each input, URNs of the resources its value came from.
        order: Position in the order of registration.
    """

    providers: Mapping[str, str]
    property_dependencies: Mapping[str, frozenset[str]]
    order: int
    protect: bool = False
    aliases: Sequence[str] = ()
    ignore_changes: Sequence[str] = ()
    hooks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    additional_secret_outputs: Sequence[str] = ()
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: Sequence[str] = ()
    replacement_trigger: Any = None
    import_id: str = ""
    version: str = ""
    package_ref: str = ""


@dataclass(frozen=True)
class RegisteredOutputs:
    """The outputs a component, or the stack, registered."""

    values: dict[str, Any]
    secrets: frozenset[Path]

    def is_secret(self, *path: str | int) -> bool:
        return is_below(path, self.secrets)


@dataclass(frozen=True)
class Call:
    """One call of a provider function."""

    token: str
    arguments: dict[str, Any]
    provider: str


@dataclass(frozen=True, kw_only=True)
class Recording(Program[Recorded]):
    """A whole run.

    Attributes:
        stack_outputs: What the program exported.
        component_outputs: What each component registered, by URN; absent for one that never called register_outputs.
        issued: Those that a simulated provider or the test's configuration brought into the run.
    """

    preview: bool
    calls: Sequence[Call]
    stack_outputs: RegisteredOutputs
    component_outputs: Mapping[str, RegisteredOutputs]
    packages: Sequence[str]
    hooks: Mapping[str, ResourceHook]

    def named(self, pattern: str) -> list[Recorded]:
        """Resources whose logical name matches a glob."""
        return [resource for resource in self.resources if fnmatchcase(resource.name, pattern)]

    def one(self, type_pattern: str, name_pattern: str = "*") -> Recorded:
        """The only resource of that type and name; an error that lists the likely ones otherwise."""
        found = [one for one in self.of_type(type_pattern) if fnmatchcase(one.name, name_pattern)]
        if len(found) != 1:
            likely = found or self.of_type(type_pattern) or self.named(name_pattern)
            listed = ", ".join(sorted(map(str, likely[:20]))) or "nothing of that type or name"
            raise AssertionError(f"{len(found)} resources are {type_pattern} {name_pattern}; there is {listed}")
        return found[0]

    @property
    def components(self) -> list[Recorded]:
        return [one for one in self.resources if not one.custom]

    def below(self, component: Recorded) -> list[Recorded]:
        """Every resource that has the component as an ancestor."""
        return [one for one in self.resources if component in self.ancestors(one)]

    @cached_property
    def phases(self) -> list[Recorded]:
        """The phases in the order in which the engine can bring them up; those that can go together by name.

        Taken from the dependencies of their members: components register in no particular order.
        """
        by_name = {phase.name: phase for phase in self.of_type(PHASE)}
        order: nx.DiGraph[str] = nx.DiGraph()
        order.add_nodes_from(by_name)
        for resource in self.custom:
            own = self.phase_of(resource)
            for urn in resource.dependencies:
                other = self.phase_of(self.by_urn[urn])
                if own is not None and other is not None and own != other:
                    order.add_edge(other, own)
        return [by_name[name] for name in nx.lexicographical_topological_sort(order)]

    @cached_property
    def graph(self) -> "nx.DiGraph[str]":
        """Arrows from each resource to what it waits for: dependencies, its provider and a parent that is custom."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        for resource in self.resources:
            graph.add_node(resource.urn)
            graph.add_edges_from((resource.urn, urn) for urn in self.needs(resource))
        return graph

    def is_after(self, resource: Recorded, other: Recorded) -> bool:
        """Whether the engine can only create `resource` once `other` is there (for a component: all below it)."""
        if other.custom:
            return other.urn in self.waits_for(resource)
        members = [one.urn for one in self.below(other) if one.custom]
        return bool(members) and set(members) <= self.waits_for(resource)

    def unknown_paths(self, resource: Recorded) -> list[Path]:
        """Inputs that a preview does not know."""
        return [path for path, value in walk(resource.inputs) if value is UNKNOWN]
