"""`python -m lab COMMAND`: the commands of the embedded lab."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from lab import demo, rehearse
from lab.checkout import ROOT, LabError, Stack
from lab.driver import Driver
from lab.world import WorldError
from reporting import fates, progress, report
from reporting.phases import Phases
from reporting.report import Run
from stack_file.check import refused
from tools.refusal import refusal
from tools.waiting import INTERRUPTED

_SHIPPED = "test-cluster"
_LOG_WIDTH = 160  # of a table that goes into a file


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="The platform on simulated providers.")
    parser.add_argument("command", choices=["demo", "up", "preview", "refresh", "destroy", "graph", "rehearse"])
    parser.add_argument("--stack", default=_SHIPPED, help="name of the stack file, Pulumi.<name>.yaml")
    parser.add_argument(
        "--workdir", type=Path, help="where state, world and reports go (default: build/demo, or build/demo-<stack>)"
    )
    parser.add_argument("--out", type=Path, help="graph: the picture's file (default: graph.svg in the workdir)")
    parser.add_argument("--fresh", action="store_true", help="demo: forget the world and state of the last run")
    parser.add_argument("--fault", default="", help="rehearse: a resource that fails, by its logical name")
    parser.add_argument("--kill", default="", help="rehearse: a resource during whose creation the update is killed")
    parser.add_argument("--change", default="", help="rehearse: path=value, such as gitea.host=code.example.org")
    parser.add_argument("--pace", type=float, default=0.0, help="real seconds for a simulated second of latency")
    return parser


def main(arguments: list[str]) -> int:
    """Run one command; exit code 0 when it succeeded."""
    options = _parser().parse_args(arguments)
    kind = options.command if options.command in ("graph", "rehearse") else "demo"
    default = ROOT / "build" / (kind if options.stack == _SHIPPED else f"{kind}-{options.stack}")
    stack = Stack(ROOT, options.stack, (options.workdir or default).resolve())
    console = Console(width=None if sys.stdout.isatty() else _LOG_WIDTH)
    # Before the engine starts: a defective stack file is refused with every defect at once.
    if refused(stack.file, None if options.fresh else stack.state()):
        return 1
    try:
        driver = Driver(stack, pace=options.pace)
        return _run(driver, options, console)
    except KeyboardInterrupt:
        more = " without --fresh" if options.fresh else ""
        text = f"interrupted: what was made stays in {stack.workdir}, and the same command{more} goes on from there"
        console.print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
        return INTERRUPTED
    except (LabError, WorldError) as error:
        console.print(refusal(kind, error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        return 1


def _run(driver: Driver, options: argparse.Namespace, console: Console) -> int:
    if options.command == "demo":
        return demo.run(driver, console, fresh=options.fresh)
    if options.command == "rehearse":
        return rehearse.run(driver, {"fault": options.fault, "kill": options.kill, "change": options.change}, console)
    if options.command == "graph":
        return _graph(driver, options.out, console)
    return _operate(driver, options.command, console)


def _operate(driver: Driver, operation: str, console: Console) -> int:
    phases = Phases()
    with progress.follow(phases, console) as listener:
        result = getattr(driver, operation)(listener)
    phases.end()
    if operation == "up":
        console.print(progress.table(phases))
    for text in result.messages():
        console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
    if not result.ok and not result.messages():
        console.print(result.error, style="red", markup=False, highlight=False)
    # Of an update those of the table above; the engine also counts the stack itself and the phases.
    changes = phases.changes() if operation == "up" else result.changes
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(changes.items()))
    console.print(f"{operation}: {counts or 'failed'}", highlight=False)
    return 0 if result.ok else 1


def _graph(driver: Driver, out: Path | None, console: Console) -> int:
    """Draw the stack as the lab brings it up: only a finished stack knows every dependency."""
    run, planned = Run(directory=driver.stack.workdir, simulated=True), {}
    with progress.follow(run.phases, console) as listener:
        up = driver.up(listener)
    if not up.ok:
        file = driver.stack.workdir / "plan.json"
        with progress.waiting(console, "previewing what did not come up") as listener:
            driver.preview(listener, plan=str(file))
        planned = fates.planned(file)
    target = (out or driver.stack.workdir / "graph.svg").resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    report.conclude(run, planned, driver.stack.state(), target)
    console.print(f"drawn: {target}", highlight=False, soft_wrap=True)
    return 0 if up.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
