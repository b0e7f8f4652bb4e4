"""The demo: the whole platform from its stack file, on the lab, and the proof that a second look changes nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console

from lab import success
from lab.checkout import Stack, passphrase
from lab.clock import Clock
from lab.driver import Driver, Result
from lab.providers.kubernetes.cluster import Cluster
from lab.seed import settings_of
from lab.site import Site
from lab.success import Evidence, Metric, tables
from lab.success.tables import Host
from lab.world import World
from reporting import fates, progress, report
from reporting.phases import Phases


@dataclass(kw_only=True)
class Run(report.Run):
    """A demo so far; `up` and `again`, the second preview, are None until they ended."""

    stack: Stack
    simulated: bool = True
    up: Result | None = None
    again: Result | None = None
    metrics: Sequence[Metric] = ()


def run(driver: Driver, console: Console, *, fresh: bool = False) -> int:
    """Preview, bring up, preview again; leaves state.json, report.json, report.html and graph.svg in the workdir.

    Run again, it converges: the world and the state of the last run stay, so a run that was killed is continued. With
    `fresh` both are removed first. Returns 0 when the second preview shows no change and every metric of success holds.
    """
    workdir = driver.stack.workdir
    previous = report.clear(workdir)
    if fresh:
        shutil.rmtree(workdir, ignore_errors=True)
    text = f"{driver.stack.name} on the embedded lab, which simulates every machine and service"
    console.print(f"{text}: nothing outside {workdir} is changed", highlight=False, soft_wrap=True)
    done = Run(directory=workdir, name=driver.stack.name, stack=driver.stack, previous=previous)
    try:
        return _run(driver, console, done)
    except KeyboardInterrupt:
        done.result = "interrupted"
        raise
    finally:
        again = dict(done.again.changes) if done.again else None
        report.write(done, secondPreview=again, success=[metric.report() for metric in done.metrics])


def _run(driver: Driver, console: Console, done: Run) -> int:
    planned = Phases()
    with progress.waiting(console, "previewing") as looked_at:
        file = driver.stack.workdir / "plan.json"
        plan = driver.preview(lambda event: (planned.see(event), looked_at(event)), plan=str(file))
    resources = fates.planned(file)
    if not plan.ok:
        done.result = "preview failed"
        return _refused(console, plan, "the preview failed")
    done.phases = Phases.after(planned)
    started = time.monotonic()
    with progress.follow(done.phases, console) as listener:
        done.up = driver.up(listener)
    done.seconds = time.monotonic() - started
    done.urls = done.up.outputs.get("urls") or {}
    report.conclude(done, resources, driver.stack.state())
    console.print(progress.table(done.phases))
    page = driver.stack.workdir / report.PAGE
    console.print(f"in the end {page} tells this and more", markup=False, highlight=False, soft_wrap=True)
    if not done.up.ok:
        done.result = "update failed"
        return _refused(console, done.up, "the update failed")
    with progress.waiting(console, "previewing again") as looked_at:
        done.again = driver.preview(looked_at)
    if not done.again.ok or done.again.changed:
        done.result = "second preview wants changes" if done.again.ok else "second preview failed"
        return _changed(console, done.again)
    console.print("second preview: no change")
    return _judged(console, done)


def _judged(console: Console, done: Run) -> int:
    """Measure and print the metrics, and below them what is wrong; 0 when nothing is."""
    done.metrics, hosts = _look(done)
    if hosts:
        console.print(tables.hosts(hosts))
    if done.metrics:
        console.print(tables.metrics(done.metrics))
    problems = [f"{metric.name}: {problem}" for metric in done.metrics for problem in metric.problems]
    for problem in problems:
        console.print(problem, style="bold red", markup=False, highlight=False, soft_wrap=True)
    done.result = "metrics failed" if problems else "succeeded"
    return 1 if problems else 0


def _look(done: Run) -> tuple[Sequence[Metric], Mapping[str, Host]]:
    """The metrics and hosts of the platform; none where the program is another one."""
    stack, settings = done.stack, settings_of(done.stack)
    if settings is None or done.up is None:
        return (), {}
    state = (stack.state() or {}).get("deployment") or {}
    with World(stack.world, passphrase(stack)) as world:
        cluster = Cluster(Site(world, Clock(world)))
        evidence = Evidence(settings, cluster, state, done.phases, done.up, done.again, done.seconds)
        return success.measure(evidence), tables.served(settings, cluster)


def _refused(console: Console, result: Result, what: str) -> int:
    console.print(what, style="bold red")
    for text in result.messages() or [result.error]:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 1


def _changed(console: Console, again: Result) -> int:
    if not again.ok:
        return _refused(console, again, "the second preview failed")
    console.print("the second preview wants changes, so the program is not stable:", style="bold red")
    for event in again.events:
        if event["event"] == "start" and event["op"] not in ("same", "read"):
            name = event["urn"].rsplit("::", 1)[-1]
            console.print(f"  {event['op']} {event['type']} {name}: {', '.join(event['diffs'])}", highlight=False)
    return 1
