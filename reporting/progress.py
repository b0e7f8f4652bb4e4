"""Progress of an operation: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reporting.events import Event, Listener
from reporting.phase import Phase, Status
from reporting.phases import Phases, is_declared

_STYLES: Final = {
    Status.WAITING: "dim",
    Status.PROGRESSING: "yellow",
    Status.READY: "green",
    Status.FAILED: "bold red",
    Status.BLOCKED: "magenta",
    Status.NOT_REACHED: "magenta",
}
_REDRAWS_PER_SECOND: Final = 8
_SHOWN: Final = 4  # names in the live line


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
    done = sum(len(phase.done) for phase in phases.ordered())
    shown.add_row("all phases", "", f"{done}/{total(phases)}", "", end_section=True)
    return shown


@contextlib.contextmanager
def waiting(console: Console, text: str) -> Iterator[Listener]:
    """Say what takes its time: on a terminal with the seconds and how many resources were looked at, elsewhere once."""
    started, seen = time.monotonic(), set[str]()

    def listen(event: Event) -> None:
        seen.add(event.get("urn") or "")

    if not console.is_terminal:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        yield listen
        return
    with _live_view(lambda: Text(f"{text}  {time.monotonic() - started:.0f} s  {len(seen)} resources"), console):
        yield listen


class _Work:
    """What a provider is doing at this moment, and for how long the operation has run."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._under_way: dict[str, str] = {}

    def see(self, event: Event) -> None:
        """Take in an event; what is only declared, or stays as it is, is no work."""
        urn = event.get("urn") or ""
        if event["event"] == "start" and not is_declared(event["type"]) and event["op"] != "same":
            self._under_way[urn] = urn.rsplit("::", 1)[-1]
        elif event["event"] in ("done", "failed"):
            self._under_way.pop(urn, None)

    def __str__(self) -> str:
        names = ", ".join(list(self._under_way.values())[-_SHOWN:])
        return f"{time.monotonic() - self._started:4.0f} s  {names}".rstrip()


def _live_view(view: Callable[[], RenderableType], console: Console) -> Live:
    """A view that is drawn anew several times a second, also while nothing happens."""
    return Live(get_renderable=view, console=console, refresh_per_second=_REDRAWS_PER_SECOND, transient=True)


def total(phases: Phases) -> int:
    """Resources of all phases: the one number that the table, the picture, the report and the metrics give."""
    return sum(phase.total for phase in phases.ordered())


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
    work = _Work()

    def listen(event: Event) -> None:
        phases.see(event)
        work.see(event)

    with _live_view(lambda: table(phases, str(work)), console):
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
