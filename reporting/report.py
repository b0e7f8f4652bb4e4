"""What an operation leaves in its directory: report.json for programs, report.html and graph.svg for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from reporting import fates, graph, plan
from reporting.document import durations, told
from reporting.fates import Ending, Resources
from reporting.page import page
from reporting.phases import Phases

REPORT: Final = "report.json"
PAGE: Final = "report.html"
GRAPH: Final = "graph.svg"


@dataclass(kw_only=True)
class Run:
    """An operation so far.

    Attributes:
        directory: Where the report goes.
        name: Of the stack.
        simulated: Whether providers and services were those of the lab.
        result: How it ended, `succeeded` or what did not.
        seconds: How long the update took.
        urls: Name of a service -> its address, as the stack output has it.
        previous: How long everything took in earlier runs (`clear`).
        concluded: Whether it is known what became of each phase.
        resources, endings, picture: Then, what plan and state have, what became of it, and that drawn.
    """

    directory: Path
    name: str = ""
    simulated: bool
    phases: Phases = field(default_factory=Phases)
    result: str = "broke off"
    seconds: float = 0.0
    urls: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, Any] = field(default_factory=dict)
    concluded: bool = False
    resources: Resources = field(default_factory=dict)
    endings: Mapping[str, Ending] = field(default_factory=dict)
    picture: str = ""


def clear(directory: Path) -> Mapping[str, Any]:
    """Remove what an earlier run left, which would be taken for this one's; how long everything took there."""
    try:
        previous = durations(json.loads((directory / REPORT).read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError):  # none, cut off, or of a version that wrote others
        previous = {}
    for name in (REPORT, PAGE, GRAPH):
        (directory / name).unlink(missing_ok=True)
    return previous


def conclude(run: Run, planned: Resources, state: Mapping[str, Any] | None, picture: Path | None = None) -> None:
    """Say what became of each phase, and draw it: `planned` has what a failure kept out of the state."""
    made = {one["urn"]: one for one in (state or {}).get("deployment", {}).get("resources") or []}
    run.resources = {**planned, **made}
    run.endings = fates.judge(run.resources, *run.phases.urns())
    drawn = plan.read({"resources": run.resources.values()}, run.endings)
    run.phases.end({phase.name: phase.ending.by for phase in drawn.phases})
    run.concluded = True
    # A plan leaves out what is only read, so that the number is that of the phases.
    counts = run.phases.counts()
    counted = tuple(replace(one, resources=counts.get(one.name, one.resources)) for one in drawn.phases)
    run.picture = graph.svg(replace(drawn, phases=counted))
    (picture or run.directory / GRAPH).write_text(run.picture, encoding="utf-8")


def write(run: Run, **more: Any) -> None:
    """Leave the report, also of a run that broke off; `more` are keys that only some kinds of run have."""
    if not run.concluded:
        run.phases.end({})
    document = {
        "stack": run.name,
        "result": run.result,
        "simulated": run.simulated,
        **told(run.phases, run.resources, run.endings, run.previous),
        "urls": dict(run.urls),
        "changes": run.phases.changes(),
        "seconds": round(run.seconds, 1),
        **more,
    }
    run.directory.mkdir(parents=True, exist_ok=True)
    (run.directory / REPORT).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (run.directory / PAGE).write_text(page(document, run.picture), encoding="utf-8")
