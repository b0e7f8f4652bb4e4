"""What providers are at while an operation runs, and what of it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from reporting.events import Event
from reporting.phase import name_of
from reporting.phases import GOING, is_declared

_NO_WORK: Final = ("same", "discard")
# Of what was done before: half as long again is longer than usual, if that is more than a few seconds.
_SLOWER: Final = 1.5
_SPARE_SECONDS: Final = 10
# Of what was never done.
_LONG_SECONDS: Final = 60


def key(op: str, type_token: str, name: str) -> str:
    """What the work on a resource is known by in the next run; a replacement has several steps and is one."""
    return f"{'replace' if 'replace' in op and op not in GOING else op} {type_token} {name}"


def clock(seconds: float) -> str:
    """`1:05`, or `1:00:05` from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass
class _Step:
    name: str
    kind: str
    since: float
    usual: float | None
    doing: str = ""

    @property
    def long_after(self) -> float:
        """Seconds from which on it takes long."""
        return _LONG_SECONDS if self.usual is None else self.usual * _SLOWER + _SPARE_SECONDS

    def said(self, now: float) -> str:
        usual = "" if self.usual is None else f", last time {clock(self.usual)}"
        doing = f": {self.doing}" if self.doing else ""
        return f"{self.kind} {self.name} takes {clock(now - self.since)}{usual}{doing}"


@dataclass
class Work:
    """What is under way.

    Attributes:
        usual: `key` of the work on a resource -> the seconds that it took last time.
        now: Tells the time, as events have it.
    """

    usual: Mapping[str, float] = field(default_factory=dict)
    now: Callable[[], float] = time.time
    _steps: dict[str, _Step] = field(default_factory=dict)
    _told: dict[str, float] = field(default_factory=dict)

    def see(self, event: Event) -> None:
        """Take in an event; what is only declared, or stays as it is, is no work."""
        urn = event.get("urn") or ""
        if event["event"] == "start" and not is_declared(event["type"]) and event["op"] not in _NO_WORK:
            usual = self.usual.get(key(event["op"], event["type"], name_of(urn)))
            self._steps[urn] = _Step(name_of(urn), event["type"].rpartition(":")[2], event["time"], usual)
        elif event["event"] in ("done", "failed"):
            self._steps.pop(urn, None)
            self._told.pop(urn, None)
        elif urn in self._steps and event["event"] in ("doing", "message") and event["text"]:
            self._steps[urn].doing = event["text"].splitlines()[0]

    def names(self) -> list[str]:
        """What is under way; what began last comes last."""
        return [step.name for step in list(self._steps.values())]

    def slow(self) -> list[str]:
        """What takes long, with what its provider says of it; the longest first."""
        now = self.now()
        late = [step for step in list(self._steps.values()) if now - step.since > step.long_after]
        return [step.said(now) for step in sorted(late, key=lambda step: step.since)]

    def news(self) -> Iterator[str]:
        """Of what takes long, that which was not said yet, and again each time when it has taken twice as long."""
        now = self.now()
        for urn, step in list(self._steps.items()):
            if now - step.since > self._told.get(urn, step.long_after):
                self._told[urn] = (now - step.since) * 2
                yield step.said(now)
