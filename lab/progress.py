"""Progress of an operation: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lab.driver import Event, Listener
from lab.phases import Phase, Phases, Status

_STYLES: Final = {
    Status.WAITING: "dim",
    Status.PROGRESSING: "yellow",
    Status.READY: "green",
    Status.FAILED: "bold red",
    Status.BLOCKED: "magenta",
}
_REDRAWS_PER_SECOND: Final = 8


def table(phases: Phases, running: str = "") -> Table:
    """The phases as a table; `running` is shown below it."""
    shown = Table(box=None, pad_edge=False, caption=running or None, caption_justify="left")
    shown.add_column("phase")
    shown.add_column("status")
    shown.add_column("resources", justify="right")
    shown.add_column("message", overflow="fold")
    for phase in phases.ordered():
        status = Text(phase.status.value, style=_STYLES[phase.status])
        shown.add_row(phase.name, status, f"{len(phase.done)}/{phase.total}", Text(phase.message))
    return shown


def line(phase: Phase) -> str:
    """A phase in one plain line."""
    text = f"phase {phase.name} {phase.status.value} {len(phase.done)}/{phase.total}"
    return f"{text}: {phase.message}" if phase.message else text


@contextlib.contextmanager
def follow(phases: Phases, console: Console) -> Iterator[Listener]:
    """A listener for the driver that shows every change of a phase while the operation runs."""
    if console.is_terminal:
        with _live(phases, console) as listener:
            yield listener
    else:
        yield _plain(phases, console)


@contextlib.contextmanager
def _live(phases: Phases, console: Console) -> Iterator[Listener]:
    started = time.monotonic()
    under_way: dict[str, str] = {}

    def show() -> Table:
        names = ", ".join(list(under_way.values())[-4:])
        return table(phases, f"{time.monotonic() - started:4.0f} s  {names}")

    with Live(show(), console=console, refresh_per_second=_REDRAWS_PER_SECOND, transient=True) as live:

        def listen(event: Event) -> None:
            phases.see(event)
            if event["event"] == "start":
                under_way[event["urn"]] = event["urn"].rsplit("::", 1)[-1]
            elif "urn" in event:
                under_way.pop(event["urn"], None)
            live.update(show())

        yield listen


def _plain(phases: Phases, console: Console) -> Listener:
    said: dict[str, Status] = {}

    def listen(event: Event) -> None:
        phase = phases.see(event)
        if phase is None or phase.status is Status.WAITING:
            return
        if said.get(phase.name) != phase.status:
            said[phase.name] = phase.status
            console.print(line(phase), markup=False, highlight=False, soft_wrap=True)

    return listen
