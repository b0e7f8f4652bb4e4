"""What the suite says at its end: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from smoke.check import Result, Status

_STYLES: Final = {Status.PASSED: "green", Status.FAILED: "bold red", Status.SKIPPED: "yellow"}


def table(results: Sequence[Result]) -> Table:
    """One row for each check, below the metric that it is a part of."""
    shown = Table(box=None, pad_edge=False)
    shown.add_column("success metric", overflow="fold")
    shown.add_column("result", no_wrap=True)
    shown.add_column("detail", overflow="fold")
    shown.add_column("seconds", justify="right")
    before = ""
    for result in results:
        metric = result.check.metric
        status = Text(result.status.value, style=_STYLES[result.status])
        if metric != before:
            shown.add_row(Text(metric, style="bold"))
        shown.add_row(f"  {result.check.name}", status, Text(result.detail), f"{result.seconds:.1f}")
        before = metric
    return shown


def advice(results: Sequence[Result]) -> list[str]:
    """For each failure what it is, and where to look."""
    return [
        f"{one.check.name}: {one.detail}\n  look at: {one.check.look}" for one in results if one.status is Status.FAILED
    ]


def write(path: Path, stack: str, results: Sequence[Result]) -> None:
    """The report: `stack`, `ok` and `results` (metric, check, status, detail, look, seconds)."""
    entries = [
        {
            "metric": one.check.metric,
            "check": one.check.name,
            "status": one.status.value,
            "detail": one.detail,
            "look": one.check.look,
            "seconds": round(one.seconds, 2),
        }
        for one in results
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"stack": stack, "ok": passed(results), "results": entries}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def passed(results: Sequence[Result]) -> bool:
    """Whether nothing failed, and something was asked."""
    return any(one.status is Status.PASSED for one in results) and not any(
        one.status is Status.FAILED for one in results
    )
