"""A drill: write a sentinel, back up, destroy, restore, and look whether it is there, and from when."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from settings.model import Settings
from tools.backups.part import Bench, Fault, Part
from tools.backups.store import BackupError

_YESTERDAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a part's drill went.

    Attributes:
        what: What it ran on, and which of that is real.
        problem: Why it failed; empty where it held.
        took: Seconds of each step, by its name.
    """

    part: str
    what: str
    problem: str
    took: dict[str, float]

    @property
    def result(self) -> str:
        """In a word."""
        return "failed" if self.problem else "held"


def tried(part: Part, settings: Settings, folder: Path, fault: Fault | None = None) -> Trial:
    """Drill one part in an empty folder; with a `fault`, which has to make it fail, planted."""
    took: dict[str, float] = {}
    what = "nothing: it could not be set up"
    try:
        with part.bench(settings, folder) as bench:
            what = bench.what
            problem = _played(bench, fault, took)
    except BackupError as error:
        problem = str(error)
    return Trial(part=part.name, what=what, problem=problem, took=took)


def _played(bench: Bench, fault: Fault | None, took: dict[str, float]) -> str:
    """What is wrong in the end; raises BackupError."""

    def timed(name: str, act: Callable[[], None]) -> None:
        begun = time.monotonic()
        act()
        took[name] = round(time.monotonic() - begun, 2)

    sentinel = _sentinel(datetime.now(UTC))
    if fault is Fault.OLD:
        bench.write(_sentinel(datetime.now(UTC) - _YESTERDAY))
        timed("back up", bench.back_up)
    if fault is not Fault.MISSING:
        bench.write(sentinel)
    if fault is not Fault.OLD:
        timed("back up", bench.back_up)
    bench.destroy()
    if fault is not None:
        bench.plant(fault)
    timed("restore", bench.restore)
    return _judged(bench.sentinel(), sentinel)


def _sentinel(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ} {secrets.token_hex(8)}"


def _judged(found: str | None, wanted: str) -> str:
    if found == wanted:
        return ""
    if found is None:
        return f"the sentinel of {wanted.partition(' ')[0]} is missing after the restore"
    return f"the sentinel is old: of {found.partition(' ')[0]}, and not of {wanted.partition(' ')[0]}"
