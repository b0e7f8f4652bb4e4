"""`make edge-drill`: loses workers and an edge under load, on this machine alone, and says what that cost."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.edge_drill.drill import Report, drill
from tools.edge_drill.site import DrillError
from tools.refusal import refusal
from tools.waiting import interruptible

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / "build" / "edge-drill" / "report.json"


def table(report: Report) -> Table:
    """The events, and what each cost."""
    shown = Table(box=None, pad_edge=False)
    for name in ("event", "lost", "in flight", "unseen", "noticed", "recovered"):
        shown.add_column(name, justify="left" if name == "event" else "right")
    for one in report.outcomes:
        noticed = "-" if one.noticed is None else f"{one.noticed:.1f} s"
        numbers = (str(one.lost), str(one.in_flight), str(one.unseen), noticed, f"{one.recovered:.1f} s")
        shown.add_row(one.name, *numbers)
    return shown


def main() -> int:
    """Exit code 0 when no request was lost but those that nothing could spare."""
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print("edge-drill: real HAProxy, four workers and two edges, all on the loopback of this machine")
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = asyncio.run(drill(Path(folder)))
    except DrillError as error:
        console.print(refusal("edge-drill", error), markup=False)
        return 2
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(report.document(), indent=1) + "\n", encoding="utf-8")
    console.print(table(report))
    console.print(f"{report.requests} requests in {report.seconds:.0f} s; report: {TARGET.relative_to(ROOT)}")
    for problem in report.problems:
        console.print(problem, style="bold red", markup=False)
    return 1 if report.problems else 0


if __name__ == "__main__":
    with interruptible("edge-drill: interrupted"):
        sys.exit(main())
