"""Progress of an operation: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reporting.events import Event, Listener
from reporting.phase import Phase, Status
from reporting.phases import Phases
from reporting.work import Work, clock

_STYLES: Final = {
    Status.WAITING: "dim",
    Status.PROGRESSING: "yellow",
    Status.READY: "green",
    Status.GONE: "green",
    Status.FAILED: "bold red",
    Status.BLOCKED: "magenta",
    Status.NOT_REACHED: "magenta",
}
_REDRAWS_PER_SECOND: Final = 8
_SHOWN: Final = 4  # names in the live line, and lines of what takes long
_LOOKS_EVERY_SECONDS: Final = 1.0


def table(phases: Phases, usual: Mapping[str, Any] | None = None, now: float | None = None) -> Group:
    """The phases as a table, and below it a line for each that has something to say.

    `usual` is what the report of the last run says of each phase: its `seconds`, and how many resources it `changed`.
    """
    shown = Table(box=None, pad_edge=False)
    for column in ("phase", "status", "resources", "changes", "time"):
        shown.add_column(column, justify="left" if column in ("phase", "status") else "right")
    ordered, moment = phases.ordered(), time.time() if now is None else now
    for phase in ordered:
        status = Text(phase.status.value, style=_STYLES[phase.status])
        changes = _part(phase.changed, phase.changes)
        spent = _spent(phase, (usual or {}).get(phase.name) or {}, moment)
        shown.add_row(phase.name, status, f"{len(phase.done)}/{phase.total}", changes, spent)
    done = sum(len(phase.done) for phase in ordered)
    changed = _part(sum(phase.changed for phase in ordered), sum(phase.changes for phase in ordered))
    shown.add_row("all phases", "", f"{done}/{total(phases)}", changed, "", end_section=True)
    said = (Text(f"{phase.name}: {phase.message}", _STYLES[phase.status]) for phase in ordered if phase.message)
    return Group(shown, *said)


def _part(done: int, of: int) -> str:
    return f"{done}/{of}" if of else ""


def _spent(phase: Phase, usual: Mapping[str, Any], now: float) -> str:
    """How long it was worked on, beside the last time where that had as much to do."""
    seconds = phase.seconds(now)
    if seconds is None:
        return ""
    comparable = usual.get("seconds") is not None and usual.get("changed") == phase.changes
    return clock(seconds) + (f" of {clock(usual['seconds'])}" if comparable and not phase.over else "")


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
    with _live_view(lambda: Text(f"{text}  {clock(time.monotonic() - started)}  {len(seen)} resources"), console):
        yield listen


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
def follow(phases: Phases, console: Console, previous: Mapping[str, Any] | None = None) -> Iterator[Listener]:
    """A listener for the driver that shows every change of a phase while the operation runs, and what takes long.

    `previous` says how long everything took the last time: `phases` and `resources` (reporting.work.key).
    """
    work = Work((previous or {}).get("resources") or {})

    def listen(event: Event) -> Phase | None:
        work.see(event)
        return phases.see(event)

    if console.is_terminal:
        started, usual = time.monotonic(), (previous or {}).get("phases")
        with _live_view(lambda: _moment(phases, work, usual, started), console):
            yield listen
    else:
        with _telling(work, console):
            yield _plain(listen, console)


def _moment(phases: Phases, work: Work, usual: Mapping[str, Any] | None, started: float) -> Group:
    names = ", ".join(work.names()[-_SHOWN:])
    under_way = Text(f"{clock(time.monotonic() - started)}  {names}".rstrip(), "dim", no_wrap=True, overflow="ellipsis")
    slow = (Text(one, "yellow", no_wrap=True, overflow="ellipsis") for one in work.slow()[:_SHOWN])
    return Group(table(phases, usual), under_way, *slow)


@contextlib.contextmanager
def _telling(work: Work, console: Console) -> Iterator[None]:
    """Say what takes long, where no table shows it."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(_LOOKS_EVERY_SECONDS):
            for text in work.news():
                console.print(text, markup=False, highlight=False, soft_wrap=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _plain(see: Callable[[Event], Phase | None], console: Console) -> Listener:
    said: dict[str, Status] = {}

    def listen(event: Event) -> None:
        phase = see(event)
        if phase is None or phase.status is Status.WAITING:
            return
        if said.get(phase.name) != phase.status:
            said[phase.name] = phase.status
            console.print(line(phase), markup=False, highlight=False, soft_wrap=True)

    return listen
