"""What an operation leaves in its directory: report.json for programs, graph.svg for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from reporting import fates, graph, plan
from reporting.fates import Resources
from reporting.phases import Phases

_REPORT: Final = "report.json"
_GRAPH: Final = "graph.svg"


@dataclass(kw_only=True)
class Run:
    """An operation so far.

    Attributes:
        directory: Where the report goes.
        simulated: Whether providers and services were those of the lab.
        result: How it ended, `succeeded` or what did not.
        seconds: How long the update took.
        urls: Name of a service -> its address, as the stack output has it.
        concluded: Whether it is known what became of each phase.
    """

    directory: Path
    simulated: bool
    phases: Phases = field(default_factory=Phases)
    result: str = "broke off"
    seconds: float = 0.0
    urls: Mapping[str, str] = field(default_factory=dict)
    concluded: bool = False


def clear(directory: Path) -> None:
    """Remove what an earlier run left, which would be taken for this one's."""
    for name in (_REPORT, _GRAPH):
        (directory / name).unlink(missing_ok=True)


def conclude(run: Run, planned: Resources, state: Mapping[str, Any] | None, picture: Path | None = None) -> None:
    """Say what became of each phase, and draw it: `planned` has what a failure kept out of the state."""
    made = {one["urn"]: one for one in (state or {}).get("deployment", {}).get("resources") or []}
    resources = {**planned, **made}
    endings = fates.judge(resources, *run.phases.urns())
    drawn = plan.read({"resources": resources.values()}, endings)
    run.phases.end({phase.name: phase.ending.by for phase in drawn.phases})
    run.concluded = True
    # A plan leaves out what is only read, so that the number is that of the phases.
    counts = run.phases.counts()
    counted = tuple(replace(one, resources=counts.get(one.name, one.resources)) for one in drawn.phases)
    (picture or run.directory / _GRAPH).write_text(graph.svg(replace(drawn, phases=counted)), encoding="utf-8")


def write(run: Run, **more: Any) -> None:
    """Leave the report, also of a run that broke off; `more` are keys that only some kinds of run have."""
    if not run.concluded:
        run.phases.end({})
    document = {
        "result": run.result,
        "simulated": run.simulated,
        "phases": [phase.report() for phase in run.phases.ordered()],
        "urls": dict(run.urls),
        "changes": run.phases.changes(),
        "seconds": round(run.seconds, 1),
        **more,
    }
    run.directory.mkdir(parents=True, exist_ok=True)
    (run.directory / _REPORT).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
