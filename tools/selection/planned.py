"""What a preview plans: each resource with what it needs, and what would be done to it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import networkx as nx

from lib.secret_state import State, resources

PHASE: Final = "home-cluster:phase:Phase"
STASH: Final = "pulumi:index:Stash"
_PROVIDER: Final = "pulumi:providers:"
_JOB: Final = "kubernetes:batch/v1:Job"

Graph = nx.DiGraph  # from what is needed to what needs it, by URN


@dataclass(frozen=True, kw_only=True)
class Step:
    """A resource of a plan.

    Attributes:
        operation: `same`, `create`, `update`, `replace` or `delete`.
        needs: URNs of what must be there before it: dependencies, parent, provider.
        inputs: New values of those that change.
        doomed: Whether the state holds something of it that is still to be deleted.
    """

    urn: str
    type: str
    operation: str
    parent: str = ""
    needs: frozenset[str] = frozenset()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    doomed: bool = False

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def changed(self) -> bool:
        """Whether anything happens to it."""
        return self.operation != "same"

    @property
    def is_provider(self) -> bool:
        return self.type.startswith(_PROVIDER)

    @property
    def is_job(self) -> bool:
        """Whether it only does or proves something, and holds nothing."""
        return self.type == _JOB

    @property
    def is_made_up(self) -> bool:
        """Whether it is a value of the state alone, such as a password."""
        return self.type.startswith(("random:", "tls:"))

    @property
    def carries(self) -> bool:
        """Whether it has a value that others may be made of."""
        return not (self.is_job or self.is_provider or self.is_component or self.type == STASH)

    @property
    def is_component(self) -> bool:
        """Whether it only holds others together."""
        return self.type.startswith("home-cluster:")


Steps = Mapping[str, Step]
"""By URN."""


def read(file: Path, state: State) -> dict[str, Step]:
    """The plan that `pulumi preview --save-plan` wrote, with what is only in the `state`; removes the file.

    Of a resource that is read, and of one that goes, the plan says no more than that (pulumi 3.250
    pkg/resource/deploy/step_generator.go: a goal is what the program registers).
    """
    plans: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))["resourcePlans"]
    file.unlink()
    steps = {urn: _planned(urn, plan) for urn, plan in plans.items() if plan.get("goal")}
    for one in resources(state):
        urn = one["urn"]
        if urn not in steps:
            steps[urn] = _kept(one)
        elif one.get("delete"):
            steps[urn] = Step(**{**vars(steps[urn]), "doomed": True})
    return steps


def _planned(urn: str, plan: Mapping[str, Any]) -> Step:
    goal, done = plan["goal"], plan.get("steps") or ["same"]
    difference = goal.get("inputDiff") or {}
    return Step(
        urn=urn,
        operation="replace" if any("replace" in one for one in done) else done[-1],
        inputs={**(difference.get("adds") or {}), **(difference.get("updates") or {})},
        **_needs(goal),
    )


def _kept(resource: Mapping[str, Any]) -> Step:
    """Of the state alone: what is read stays, and everything else goes."""
    operation = "same" if resource.get("external") else "delete"
    return Step(urn=resource["urn"], operation=operation, doomed=bool(resource.get("delete")), **_needs(resource))


def _needs(resource: Mapping[str, Any]) -> dict[str, Any]:
    provider = (resource.get("provider") or "").rpartition("::")[0]
    more = (resource.get("parent"), provider, resource.get("deletedWith"), *(resource.get("replaceWith") or ()))
    values = (resource.get("propertyDependencies") or {}).values()
    needs = {*(resource.get("dependencies") or ()), *(one for one in more if one)}
    return {
        "type": resource["type"],
        "parent": resource.get("parent") or "",
        "needs": frozenset(needs.union(*(urns or () for urns in values))),
    }


def order(steps: Steps) -> "Graph[str]":
    """What waits for what."""
    graph: Graph[str] = nx.DiGraph()
    graph.add_nodes_from(steps)
    graph.add_edges_from((needed, urn) for urn, step in steps.items() for needed in step.needs if needed in steps)
    return graph


def reached(graph: "Graph[str]", starts: Iterable[str]) -> set[str]:
    """Everything behind the starts, without those that lie behind no other."""
    found, waiting = set[str](), [one for one in starts if one in graph]
    while waiting:
        new = set(graph[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


def use(graph: "Graph[str]", steps: Steps) -> "Graph[str]":
    """What works with what: without the barriers of phases, which carry an order and no value (components/barrier.py).

    A barrier stands in its phase itself, and what stands for it below it; that of one gate stands below the gate.
    """
    walls = (PHASE, STASH)
    parents = {urn: steps[step.parent].type for urn, step in steps.items() if step.parent in steps}
    return graph.subgraph([urn for urn in graph if steps[urn].type != STASH or parents.get(urn) not in walls])
