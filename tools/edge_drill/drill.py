"""The events of a drill, and what each cost: requests that were lost, and whether they could have been spared.

A worker that is killed refuses connections at once, as a node does whose pod is gone; one that hangs is like a node
without power. A killed edge refuses as well: one without power costs a client the wait for its first address.
"""

import asyncio
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.edge_drill.load import Load, Request
from tools.edge_drill.site import EDGES, WORKERS, Site, staged

STEADY_SECONDS = 3.0
"""Before the first event, and between two of them."""
_GIVING_UP_SECONDS = 0.2
"""HAProxy ends what it has with a path in the moment when it gives that up, also what it was about to lead elsewhere
(`on-marked-down shutdown-sessions`); as exactly as that moment is known here.
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an event cost.

    Attributes:
        at: When it was, in seconds of the drill.
        lost: Requests that nobody answered.
        in_flight: Those of them that were under way at that moment on what was lost: nothing can spare them.
        unseen: Those of them that met what was lost before an edge could know it, where it does not refuse, but hang;
            or that were being connected to it at the moment when an edge gave it up.
        noticed: Seconds until every edge knew; None where nothing is to be known.
        recovered: Seconds until the last lost request had failed; after them everybody was answered.
    """

    name: str
    at: float
    lost: int
    in_flight: int
    unseen: int
    noticed: float | None
    recovered: float

    @property
    def spared(self) -> int:
        """Lost requests that should not have been."""
        return self.lost - self.in_flight - self.unseen


@dataclass
class Report:
    """A drill. `problems` is empty when nothing more was lost than can be spared."""

    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """As report.json has it."""
        events = [vars(one) | {"sparable": one.spared} for one in self.outcomes]
        return {
            "result": "failed" if self.problems else "held",
            "requests": self.requests,
            "seconds": round(self.seconds, 1),
            "events": events,
            "problems": self.problems,
        }


@dataclass(frozen=True, kw_only=True)
class _Event:
    """Something happens to `victim`.

    Attributes:
        act: What happens; returns when it did.
        state: What edges say of it once they know; empty where there is nothing to be known.
        hangs: Whether it accepts connections and answers none, so that only a probe finds out.
    """

    name: str
    victim: str
    act: Callable[[], Awaitable[None]]
    state: str = ""
    hangs: bool = False


async def drill(folder: Path, edit: Callable[[str], str] = str, steady: float = STEADY_SECONDS) -> Report:
    """Stages edges and workers in a folder, and loses them one by one. Raises DrillError where they do not start."""
    report = Report()
    async with staged(folder, edit) as (site, authority):
        load = Load(dict(site.edges), ssl.create_default_context(cadata=authority.pem.decode()))
        begun, asking = time.monotonic(), asyncio.create_task(load.run())
        await asyncio.sleep(steady)
        report.problems += _unused(load.requests)
        for event in _events(site):
            report.outcomes.append(await _staged(event, site, load, begun, steady))
        load.stop()
        await asyncio.wait_for(asking, None)
        report.requests, report.seconds = len(load.requests), time.monotonic() - begun
        report.problems += _stray(load.requests, report.outcomes)
    for one in report.outcomes:
        if one.spared:
            report.problems.append(f"{one.name}: {one.spared} requests were lost that nothing had to cost")
    return report


def _events(site: Site) -> Sequence[_Event]:
    """A worker is emptied, two are killed, another hangs, and last an edge is lost."""

    def killed(name: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            site.signal(name, signal.SIGKILL)
            await site.processes[name].wait()

        return act

    async def hung() -> None:
        site.signal(WORKERS[2], signal.SIGSTOP)

    async def drained() -> None:
        for edge in site.alive():
            await site.command(edge, f"set server ingress/{WORKERS[0]} state drain")

    return (
        _Event(name=f"{WORKERS[0]} is drained", victim=WORKERS[0], act=drained, state="DRAIN"),
        _Event(name=f"{WORKERS[1]} is killed", victim=WORKERS[1], act=killed(WORKERS[1]), state="DOWN"),
        _Event(name=f"{WORKERS[2]} hangs", victim=WORKERS[2], act=hung, state="DOWN", hangs=True),
        _Event(name=f"{EDGES[0]} is killed", victim=EDGES[0], act=killed(EDGES[0])),
    )


async def _staged(event: _Event, site: Site, load: Load, begun: float, steady: float) -> Outcome:
    already = len(load.requests)
    await event.act()
    at = time.monotonic()
    known = await site.until(event.victim, event.state) if event.state else {}
    await asyncio.sleep(steady)
    lost = [one for one in load.requests[already:] if one.error]
    in_flight = [one for one in lost if one.begun <= at]
    unseen = [one for one in lost if one.begun > at and _is_unseen(one, event, known)]
    return Outcome(
        name=event.name,
        at=round(at - begun, 2),
        lost=len(lost),
        in_flight=len(in_flight),
        unseen=len(unseen),
        noticed=round(max(known.values()) - at, 2) if known else None,
        recovered=round(max(0.0, *(one.ended - at for one in lost), 0.0), 2),
    )


def _is_unseen(lost: Request, event: _Event, known: Mapping[str, float]) -> bool:
    """Whether the edge that led the request there could not know better, or was just about to."""
    moment = known.get(lost.edge)
    if moment is None or lost.begun > moment:
        return False
    return event.hangs or abs(lost.ended - moment) <= _GIVING_UP_SECONDS


def _unused(requests: Sequence[Request]) -> list[str]:
    """Ways into the cluster that nobody is led to."""
    used = {(one.edge, one.worker) for one in requests if not one.error}
    missing = sorted(
        f"{edge} never leads to {worker}" for edge in EDGES for worker in WORKERS if (edge, worker) not in used
    )
    strangers = sorted({one.client for one in requests if not one.error} - {"127.0.0.1"})
    early = [f"before the first event a request was lost: {one.error}" for one in requests if one.error][:1]
    return [*missing, *(f"a worker saw {one or 'nobody'} as the client" for one in strangers), *early]


def _stray(requests: Sequence[Request], outcomes: Sequence[Outcome]) -> list[str]:
    """Requests that were lost, and that no event accounts for."""
    lost, counted = sum(1 for one in requests if one.error), sum(one.lost for one in outcomes)
    return [f"{lost - counted} more requests were lost than the events account for"] if lost > counted else []
