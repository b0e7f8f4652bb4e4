"""The demo: the whole platform from its stack file, on the lab, and the proof that a second look changes nothing."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lab import graph, progress
from lab.driver import Driver, Result
from lab.phases import Phases, Status


def run(driver: Driver, console: Console, *, fresh: bool = False) -> int:
    """Preview, bring up, preview again; leaves state.json, report.json and graph.svg in the working directory.

    Run again, it converges: the world and the state of the last run stay, so a run that was killed is continued. With
    `fresh` both are removed first. Returns 0 when every phase is ready and the second preview shows no change.
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
    _write_report(workdir, phases, up, again, time.monotonic() - started)
    graph.draw_state(workdir / "state.json", workdir / "graph.svg")
    console.print(progress.table(phases))
    if not up.ok:
        return _refused(console, up, "the update failed")
    if again is None or not again.ok or again.changed:
        return _changed(console, again)
    console.print("second preview: no change")
    _print_urls(console, up.outputs.get("urls") or {})
    return 0 if all(phase.status is Status.READY for phase in phases.ordered()) else 1


def _write_report(workdir: Path, phases: Phases, up: Result, again: Result | None, seconds: float) -> None:
    report: dict[str, Any] = {
        "phases": [phase.report() for phase in phases.ordered()],
        "urls": dict(up.outputs.get("urls") or {}),
        "changes": dict(up.changes),
        "secondPreview": dict(again.changes) if again else None,
        "seconds": round(seconds, 1),
    }
    (workdir / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _print_urls(console: Console, urls: dict[str, str]) -> None:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("service")
    shown.add_column("address")
    for name, url in urls.items():
        shown.add_row(name, url)
    console.print(shown)


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
