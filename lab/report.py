"""What a demo leaves in its working directory: report.json for programs, graph.svg for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lab.checkout import Stack
from lab.driver import Result
from lab.success import Metric
from reporting import fates, graph, plan
from reporting.fates import Resources
from reporting.phases import Phases

_REPORT: Final = "report.json"
_GRAPH: Final = "graph.svg"


@dataclass
class Run:
    """A demo so far; `up` and `again`, the second preview, are None until they ended.

    Attributes:
        result: How it ended, `succeeded` or what did not.
        seconds: How long the update took.
    """

    stack: Stack
    phases: Phases = field(default_factory=Phases)
    up: Result | None = None
    again: Result | None = None
    metrics: Sequence[Metric] = ()
    seconds: float = 0.0
    result: str = "broke off"


def clear(workdir: Path) -> None:
    """Remove what an earlier run left, which would be taken for this one's."""
    for name in (_REPORT, _GRAPH):
        (workdir / name).unlink(missing_ok=True)


def conclude(run: Run, planned: Resources, picture: Path | None = None) -> None:
    """Say what became of each phase, and draw it: `planned` has what a failure kept out of the state."""
    made = {one["urn"]: one for one in (run.stack.state() or {}).get("deployment", {}).get("resources") or []}
    resources = {**planned, **made}
    endings = fates.judge(resources, *run.phases.urns())
    drawn = plan.read({"resources": resources.values()}, endings)
    run.phases.end({phase.name: phase.ending.by for phase in drawn.phases})
    # A plan leaves out what is only read, so that the number is that of the phases.
    counts = run.phases.counts()
    counted = tuple(replace(one, resources=counts.get(one.name, one.resources)) for one in drawn.phases)
    target = picture or run.stack.workdir / _GRAPH
    target.write_text(graph.svg(replace(drawn, phases=counted)), encoding="utf-8")


def write(run: Run) -> None:
    """Leave the report, also of a run that broke off."""
    if run.up is None:
        run.phases.end({})
    document: dict[str, Any] = {
        "result": run.result,
        "simulated": True,
        "phases": [phase.report() for phase in run.phases.ordered()],
        "urls": dict(run.up.outputs.get("urls") or {}) if run.up else {},
        "changes": run.phases.changes(),
        "secondPreview": dict(run.again.changes) if run.again else None,
        "seconds": round(run.seconds, 1),
        "success": [metric.report() for metric in run.metrics],
    }
    run.stack.workdir.mkdir(parents=True, exist_ok=True)
    (run.stack.workdir / _REPORT).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
