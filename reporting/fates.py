"""What became of the planned resources once an update is over: done, failed, held back by a failure, or not reached.

What waits for what comes from the plan of a preview. A state knows only what was made, so whatever a failure held back
is missing from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import networkx as nx

Resources = Mapping[str, Mapping[str, Any]]
"""URN -> what a state or a plan says of the resource."""


class Fate(StrEnum):
    """From good to bad: several resources together fare as the last that is among them."""

    DONE = "done"
    NOT_REACHED = "not reached"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True)
class Ending:
    """What became of a resource or of several; `by` has the URNs of those that failed, here or before them."""

    fate: Fate = Fate.DONE
    by: tuple[str, ...] = ()


DONE: Final = Ending()


def planned(file: Path) -> dict[str, Any]:
    """The resources of a plan that `pulumi preview --save-plan` wrote, as those of a deployment; removes the file."""
    if not file.exists():
        return {}
    plans: Resources = json.loads(file.read_text(encoding="utf-8"))["resourcePlans"]
    file.unlink()
    # A resource that goes has a plan without a goal.
    return {urn: {"urn": urn, **plan["goal"]} for urn, plan in plans.items() if plan.get("goal")}


def dependencies(resources: Resources, resource: Mapping[str, Any]) -> Iterable[str]:
    """What a resource needs: the dependencies of its inputs and options, those of its provider's configuration, and a
    parent that is no component."""
    yield from resource.get("dependencies") or []
    parent = resource.get("parent", "")
    if resources.get(parent, {}).get("custom"):
        yield parent
    provider = (resource.get("provider") or "").rpartition("::")[0]
    if provider in resources:
        yield from resources[provider].get("dependencies") or []


def judge(resources: Resources, done: Iterable[str], failed: Iterable[str]) -> dict[str, Ending]:
    """The ending of each resource of a plan, by what the engine said was done and what failed."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for urn, resource in resources.items():
        graph.add_edges_from((needed, urn) for needed in dependencies(resources, resource))
    endings = dict.fromkeys(resources, Ending(Fate.NOT_REACHED)) | dict.fromkeys(done, DONE)
    for urn in failed:
        endings[urn] = Ending(Fate.FAILED, (urn,))
        for held in nx.descendants(graph, urn) if urn in graph else ():
            if endings[held].fate in (Fate.NOT_REACHED, Fate.BLOCKED):
                endings[held] = Ending(Fate.BLOCKED, (*endings[held].by, urn))
    return endings


def together(endings: Iterable[Ending]) -> Ending:
    """The ending of several resources as one."""
    all_of_them = list(endings)
    worst = max((ending.fate for ending in all_of_them), key=list(Fate).index, default=Fate.DONE)
    by = dict.fromkeys(urn for ending in all_of_them if ending.fate is worst for urn in ending.by)
    return Ending(worst, tuple(by))
