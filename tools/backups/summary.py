"""What is said of the backups of a stack elsewhere: in `make status`, before a destroy and after a recreation."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from settings.model import Settings
from tools.backups import site
from tools.backups.part import Part, Site
from tools.backups.registry import PARTS
from tools.backups.store import BackupError, Copy
from tools.state import Engine

NONE = "none declared"
DRILL = "restore-drill.json"
"""Of the last drill on this machine, in its results of the stack."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


def look(engine: Engine, settings: Settings, now: datetime) -> tuple[list[str], bool]:
    """Lines about the newest backup of each part and the last drill, and whether a backup was missed."""
    if settings.backup is None:
        return [f"backups: {NONE}"], False
    try:
        there = site.of(engine, settings)
    except BackupError as error:
        return [f"backups: nobody can tell ({error})", drill(engine.results)], False
    found = [_said(part, there, now) for part in PARTS]
    return [*(line for line, _ in found), drill(engine.results)], any(missed for _, missed in found)


def _said(part: Part, there: Site, now: datetime) -> tuple[str, bool]:
    try:
        copy, due = part.last(there, None), part.due(there, now)
    except BackupError as error:
        return f"backup of {part.name}: nobody can tell ({error})", False
    missed = due is not None and (copy is None or copy.when < due)
    late = f", missed: one is due since {due:%Y-%m-%dT%H:%M:%SZ}" if missed else ""
    return f"backup of {part.name}: {described(copy, now)}{late}", missed


def described(copy: Copy | None, now: datetime) -> str:
    """A backup with its age and size."""
    if copy is None:
        return "none yet"
    return f"{age(now - copy.when)} old, {size(copy.size)}{copy.name}"


def age(delta: timedelta) -> str:
    """Its largest unit."""
    minutes = int(delta.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60
    return f"{days} days" if days > 1 else f"{hours} h" if hours else f"{max(minutes, 0)} min"


def size(of: int | None) -> str:
    """Bytes in their largest unit, and a comma; nothing where they are not known."""
    if of is None:
        return ""
    value, unit = float(of), 0
    while value >= _STEP and unit + 1 < len(_UNITS):
        value, unit = value / _STEP, unit + 1
    return f"{value:.0f} {_UNITS[unit]}, "


def drill(results: Path) -> str:
    """What the last drill on this machine found."""
    try:
        found = json.loads((results / DRILL).read_text(encoding="utf-8"))
        return f"restore drill: {found['result']}, {found['time']}"
    except (OSError, ValueError, KeyError):
        return "restore drill: never run here (`make restore-drill`)"


def line(engine: Engine, settings: Settings) -> str:
    """One line, for what is destroyed: whether the newest backup of each part is there."""
    return "; ".join(look(engine, settings, datetime.now(UTC))[0])
