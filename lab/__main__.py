"""`python -m lab COMMAND`: the commands of the embedded lab."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from lab import demo, graph, progress
from lab.checkout import ROOT, LabError, Stack
from lab.driver import Driver
from lab.phases import Phases
from lab.world import WorldError
from settings.check import refused

_SHIPPED = "test-cluster"
_LOG_WIDTH = 160  # of a table that goes into a file


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="The platform on simulated providers.")
    parser.add_argument("command", choices=["demo", "up", "preview", "refresh", "destroy", "graph"])
    parser.add_argument("--stack", default=_SHIPPED, help="name of the stack file, Pulumi.<name>.yaml")
    parser.add_argument(
        "--workdir", type=Path, help="where state, world and reports go (default: build/demo, or build/demo-<stack>)"
    )
    parser.add_argument("--out", type=Path, help="graph: the picture's file (default: graph.svg in the workdir)")
    parser.add_argument("--fresh", action="store_true", help="demo: forget the world and state of the last run")
    parser.add_argument("--pace", type=float, default=0.0, help="real seconds for a simulated second of latency")
    return parser


def main(arguments: list[str]) -> int:
    """Run one command; exit code 0 when it succeeded."""
    options = _parser().parse_args(arguments)
    kind = "graph" if options.command == "graph" else "demo"
    default = ROOT / "build" / (kind if options.stack == _SHIPPED else f"{kind}-{options.stack}")
    stack = Stack(ROOT, options.stack, (options.workdir or default).resolve())
    console = Console(width=None if sys.stdout.isatty() else _LOG_WIDTH)
    # Before the engine starts: a defective stack file is refused with every defect at once.
    if refused(stack.file, None if options.fresh else stack.state()):
        return 1
    try:
        driver = Driver(stack, pace=options.pace)
        if options.command == "demo":
            return demo.run(driver, console, fresh=options.fresh)
        if options.command == "graph":
            return _graph(driver, options.out, console)
        return _operate(driver, options.command, console)
    except (LabError, WorldError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False)
        return 1


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
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(result.changes.items()))
    console.print(f"{operation}: {counts or 'failed'}", highlight=False)
    return 0 if result.ok else 1


def _graph(driver: Driver, out: Path | None, console: Console) -> int:
    """Draw the stack as the lab brings it up: only a finished stack knows every dependency."""
    result = driver.up()
    if not result.ok:
        console.print("the stack did not come up; the picture shows what did", style="red")
    target = (out or driver.stack.workdir / "graph.svg").resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    graph.draw_state(driver.stack.workdir / "state.json", target)
    console.print(f"drawn: {target}", highlight=False, soft_wrap=True)
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
