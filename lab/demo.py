"""The demo: the whole platform from its stack file, on the lab, and the proof that a second look changes nothing."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from lab import graph, progress, success
from lab.checkout import Stack, passphrase
from lab.clock import Clock
from lab.driver import Driver, Result
from lab.phases import Phases
from lab.providers.kubernetes.cluster import Cluster
from lab.seed import settings_of
from lab.site import Site
from lab.success import Evidence, Metric, tables
from lab.success.tables import Host
from lab.world import World


@dataclass(frozen=True)
class Run:
    """A demo that ended; `again` is the second preview, where there was one."""

    stack: Stack
    phases: Phases
    up: Result
    again: Result | None
    seconds: float


def run(driver: Driver, console: Console, *, fresh: bool = False) -> int:
    """Preview, bring up, preview again; leaves state.json, report.json and graph.svg in the working directory.

    Run again, it converges: the world and the state of the last run stay, so a run that was killed is continued. With
    `fresh` both are removed first. Returns 0 when the second preview shows no change and every metric of success holds.
    """
    workdir = driver.stack.workdir
    if fresh:
        shutil.rmtree(workdir, ignore_errors=True)
    started = time.monotonic()
    console.print(
        f"{driver.stack.name} on the embedded lab: nothing outside {workdir} is changed",
        highlight=False,
        soft_wrap=True,
    )
    planned = Phases()
    plan = driver.preview(planned.see)
    if not plan.ok:
        return _refused(console, plan, "the preview failed")

    phases = Phases(planned.counts())
    with progress.follow(phases, console) as listener:
        up = driver.up(listener)
    phases.end()
    again = driver.preview() if up.ok else None
    done = Run(driver.stack, phases, up, again, time.monotonic() - started)
    graph.draw_state(workdir / "state.json", workdir / "graph.svg")
    metrics, hosts = _look(done)
    _write_report(done, metrics)
    console.print(progress.table(phases))
    if not up.ok:
        return _refused(console, up, "the update failed")
    if again is None or not again.ok or again.changed:
        return _changed(console, again)
    console.print("second preview: no change")
    if hosts:
        console.print(tables.hosts(hosts))
    return _judged(console, metrics)


def _look(done: Run) -> tuple[Sequence[Metric], Mapping[str, Host]]:
    """The metrics and hosts of the platform; none where it did not come up, or the program is another one."""
    stack, settings = done.stack, settings_of(done.stack)
    if settings is None or not done.up.ok:
        return (), {}
    state = (stack.state() or {}).get("deployment") or {}
    with World(stack.world, passphrase(stack)) as world:
        cluster = Cluster(Site(world, Clock(world)))
        evidence = Evidence(settings, cluster, state, done.phases, done.up, done.again, done.seconds)
        return success.measure(evidence), tables.served(settings, cluster)


def _write_report(done: Run, metrics: Sequence[Metric]) -> None:
    report: dict[str, Any] = {
        "phases": [phase.report() for phase in done.phases.ordered()],
        "urls": dict(done.up.outputs.get("urls") or {}),
        "changes": dict(done.up.changes),
        "secondPreview": dict(done.again.changes) if done.again else None,
        "seconds": round(done.seconds, 1),
        "success": [metric.report() for metric in metrics],
    }
    (done.stack.workdir / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _judged(console: Console, metrics: Sequence[Metric]) -> int:
    """Print the metrics, and below them what is wrong; 0 when nothing is."""
    if metrics:
        console.print(tables.metrics(metrics))
    problems = [f"{metric.name}: {problem}" for metric in metrics for problem in metric.problems]
    for problem in problems:
        console.print(problem, style="bold red", markup=False, highlight=False, soft_wrap=True)
    return 1 if problems else 0


def _refused(console: Console, result: Result, what: str) -> int:
    console.print(what, style="bold red")
    for text in result.messages() or [result.error]:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 1


def _changed(console: Console, again: Result | None) -> int:
    if again is None or not again.ok:
        return _refused(console, again or Result(False), "the second preview failed")
    console.print("the second preview wants changes, so the program is not stable:", style="bold red")
    for event in again.events:
        if event["event"] == "start" and event["op"] not in ("same", "read"):
            name = event["urn"].rsplit("::", 1)[-1]
            console.print(f"  {event['op']} {event['type']} {name}: {', '.join(event['diffs'])}", highlight=False)
    return 1
