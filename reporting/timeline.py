"""When each resource of an operation was worked on, and the chain of them that determined its end.

The critical path begins with the resource that was finished last and goes back, each time to the one that was finished
last of those that it needs (`reporting.fates.dependencies`). To end earlier, one of these has to be faster; any other
may take longer, until it is part of the path. Deletions are no part of it: the engine deletes when all else is done.

Real seconds are those of the engine's events. In the lab they say nothing, so its events have the seconds that each
resource would take (`simulated`), and each is taken to begin once what it needs is finished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import networkx as nx

from reporting.phases import GOING, is_declared

_AS_IT_WAS: Final = ("same", "refresh")

Event = Mapping[str, Any]
"""As `reporting.events` has them."""
Needs = Mapping[str, Sequence[str]]
"""URN -> the URNs it needs."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """The work on one resource.

    Attributes:
        op: `create`, `update`, `replace`, `delete`, `read`, `same`; of what was replaced also `delete-replaced`.
        started, finished: Seconds since the operation began; `finished` is None for what was cut off.
        failed: Whether it failed, or was made and did not become ready.
    """

    urn: str
    type: str
    op: str
    parent: str
    started: float
    finished: float | None = None
    failed: bool = False

    @property
    def going(self) -> bool:
        """Whether it was the removal of a resource."""
        return self.op in GOING

    @property
    def worked(self) -> bool:
        """Whether anything was done."""
        return self.op not in _AS_IT_WAS and not is_declared(self.type)

    @property
    def seconds(self) -> float:
        """How long it took; 0 for what was cut off."""
        return 0 if self.finished is None else self.finished - self.started


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The steps of an operation by when they began, and the critical path from first to last.

    Attributes:
        simulated: Whether seconds are those of the lab.
        seconds: Until the last step was finished.
    """

    steps: Sequence[Step]
    path: Sequence[Step]
    simulated: bool

    @property
    def seconds(self) -> float:
        return max((one.finished or one.started for one in self.steps), default=0)


def read(events: Iterable[Event], needs: Needs | None = None) -> Timeline:
    """The timeline of the events of an operation (reporting.events). Without `needs`, no path and real seconds."""
    seen = [event for event in events if event["event"] in ("start", "done", "failed")]
    made: dict[str, Step] = {}
    gone: dict[str, Step] = {}
    begun = min((event["time"] for event in seen), default=0)
    for event in seen:
        kind = gone if event["op"] in GOING else made
        kind[event["urn"]] = _advanced(kind.get(event["urn"]), event, event["time"] - begun)
    simulated = bool(needs) and any("simulated" in event for event in seen)
    if needs and simulated:
        made = _following(made, needs, _spent(seen, going=False))
        end, spent = max((one.finished or one.started for one in made.values()), default=0), _spent(seen, going=True)
        gone = {urn: replace(one, started=end, finished=end + spent[urn]) for urn, one in gone.items()}
    steps = sorted([*made.values(), *gone.values()], key=lambda one: (one.started, one.finished or 0, one.urn))
    return Timeline(steps=steps, path=_critical(made, needs or {}), simulated=simulated)


def _advanced(step: Step | None, event: Event, second: float) -> Step:
    """The step of a resource after one more event. A replacement has several steps, of which the whole is one here."""
    op = "replace" if "replace" in event["op"] and event["op"] not in GOING else event["op"]
    if step is None:
        step = Step(urn=event["urn"], type=event["type"], op=op, parent=event["parent"], started=second)
    if event["event"] == "start":
        return replace(step, op=op)
    # What goes still has the errors that it once began with.
    failed = step.failed or event["event"] == "failed" or (bool(event["initErrors"]) and not step.going)
    return replace(step, op=op, finished=second, failed=failed)


def _spent(events: Iterable[Event], *, going: bool) -> Counter[str]:
    """URN -> the lab's seconds of its removal, or of everything else."""
    spent: Counter[str] = Counter()
    for event in events:
        if (event["op"] in GOING) is going:
            spent[event["urn"]] += event.get("simulated", 0)
    return spent


def _following(steps: Mapping[str, Step], needs: Needs, spent: Counter[str]) -> dict[str, Step]:
    """The steps, each begun once what it needs is finished."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(steps)
    graph.add_edges_from((needed, urn) for urn in steps for needed in needs.get(urn, ()) if needed in steps)
    placed: dict[str, Step] = {}
    for urn in nx.lexicographical_topological_sort(graph):
        start = max((placed[one].finished or placed[one].started for one in graph.predecessors(urn)), default=0.0)
        cut_off = steps[urn].finished is None
        placed[urn] = replace(steps[urn], started=start, finished=None if cut_off else start + spent[urn])
    return placed


def _critical(steps: Mapping[str, Step], needs: Needs) -> Sequence[Step]:
    path: list[Step] = []
    candidates = [one for one in steps.values() if one.worked and one.finished is not None] if needs else []
    while candidates:
        last = max(candidates, key=_ended)
        path.append(last)
        candidates = [steps[urn] for urn in needs.get(last.urn, ()) if urn in steps and steps[urn] not in path]
    return [one for one in reversed(path) if one.worked]


def _ended(step: Step) -> tuple[float, float, str]:
    """What sorts a step by when it was finished: of those in the same second, last the one that took longest."""
    return step.finished or 0, step.seconds, step.urn
