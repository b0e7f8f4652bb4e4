"""Waiting in the simulated world: a wait ends when its condition holds, or as soon as nothing can change any more.

A real provider would sit out its timeout (ten minutes for most). The lab need not: when every call in flight is itself
a wait, and neither the engine nor the program has done anything for `grace` seconds, no wait can be fulfilled, so
simulated time jumps to the earliest deadline.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab.world import World

_TICK = 0.05
# Share of a CPU above which this process counts as busy: the program, which runs in it, is still building resources.
_BUSY_SHARE = 0.5


@dataclass
class _Wait:
    deadline: float
    expired: bool = False


class Clock:
    """Simulated time of one operation.

    `pace` is real seconds for a simulated second of latency (0: none is spent); `grace` is how many quiet real seconds
    prove that nothing more will happen.
    """

    def __init__(self, world: World, *, grace: float = 5.0, pace: float = 0.0) -> None:
        self._world = world
        self._grace = grace
        self._pace = pace
        self._now = 0.0
        self._busy = 0
        self._waits: list[_Wait] = []
        self._touched = time.monotonic()
        self._generation = -1
        self._cpu = time.process_time()
        self._caller = threading.local()
        self.spent: dict[str, float] = defaultdict(float)
        """URN -> simulated seconds of its own calls: latencies, and waits that ran out."""

    @contextlib.contextmanager
    def call(self, urn: str = "") -> Iterator[None]:
        """Mark a provider call in flight, for a resource; this thread is its."""
        self._caller.urn = urn
        with self._world.changed:
            self._busy += 1
            self._touch()
        try:
            yield
        finally:
            with self._world.changed:
                self._busy -= 1
                self._touch()

    @property
    def now(self) -> float:
        """Simulated seconds since the operation began."""
        return self._now

    def spend(self, seconds: float) -> None:
        """Let `seconds` of simulated latency pass, at the clock's pace. What runs at the same time passes together."""
        end = self._now + seconds
        if seconds * self._pace > 0:
            time.sleep(seconds * self._pace)
        with self._world.changed:
            self._now = max(self._now, end)
            self._charge(seconds)

    def wait(self, fulfilled: Callable[[], bool], timeout: float) -> bool:
        """Wait at most `timeout` simulated seconds; whether `fulfilled` came true. Call inside `call`."""
        with self._world.changed:
            if fulfilled():
                return True
            wait = _Wait(self._now + timeout)
            self._waits.append(wait)
            self._busy -= 1
            self._touch()
            try:
                while not wait.expired:
                    seen = self._world.generation
                    self._world.changed.wait(_TICK)
                    if self._world.generation != seen and fulfilled():
                        return True
                    self._expire()
                self._charge(timeout)
                return fulfilled()
            finally:
                self._waits.remove(wait)
                self._busy += 1
                self._touch()

    def _charge(self, seconds: float) -> None:
        self.spent[getattr(self._caller, "urn", "")] += seconds

    def _touch(self) -> None:
        self._touched = time.monotonic()
        self._cpu = time.process_time()

    def _expire(self) -> None:
        """When all is quiet, jump to the earliest deadline."""
        now = time.monotonic()
        if self._busy or self._generation != self._world.generation:
            self._generation = self._world.generation
            self._touch()
        elif now - self._touched > self._grace:
            if time.process_time() - self._cpu > (now - self._touched) * _BUSY_SHARE:
                self._touch()
                return
            self._now = max(self._now, min(wait.deadline for wait in self._waits))
            for wait in self._waits:
                wait.expired = wait.deadline <= self._now
            self._touch()
