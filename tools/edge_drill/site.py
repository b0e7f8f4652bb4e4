"""The edges and workers of a drill, all real processes on the loopback."""

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from components.edge.haproxy import BACKEND, HaproxyConfiguration, configuration
from doubles.certificates import Authority
from settings.edge import Limits
from tools.edge_drill import HOST

DOMAIN = HOST.partition(".")[2]
EDGES, WORKERS = ("edge0", "edge1"), ("worker0", "worker1", "worker2", "worker3")
_READY_SECONDS = 30.0
_STATUS, _NAME, _PROXY = 17, 1, 0
"""Columns of `show stat` (doc/management.txt of HAProxy, section 9.1)."""


class DrillError(Exception):
    """The drill cannot be held; the message says why."""


@dataclass
class Site:
    """What runs. `edges` and `workers` are ports by name, `processes` by the same names."""

    folder: Path
    edges: dict[str, int]
    workers: dict[str, int]
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def signal(self, name: str, number: signal.Signals) -> None:
        """A signal to one process of this site."""
        self.processes[name].send_signal(number)

    def alive(self) -> list[str]:
        """Edges that run."""
        return [edge for edge in self.edges if self.processes[edge].returncode is None]

    async def command(self, edge: str, text: str) -> str:
        """The answer of an edge's HAProxy to a command, as an operator gives it."""
        reader, writer = await asyncio.open_unix_connection(str(self.folder / f"{edge}.sock"))
        with contextlib.closing(writer):
            writer.write(f"{text}\n".encode())
            return (await reader.read()).decode()

    async def states(self, edge: str) -> dict[str, str]:
        """What an edge holds of each path: UP, DOWN, DRAIN, or on the way from one to the other."""
        rows = [line.split(",") for line in (await self.command(edge, "show stat")).splitlines() if "," in line]
        return {row[_NAME]: row[_STATUS] for row in rows if row[_PROXY] == BACKEND and row[_NAME] in self.workers}

    async def until(self, name: str, wanted: str) -> dict[str, float]:
        """When each edge that runs was first seen to say so of a path; returns once all of them do."""
        seen: dict[str, float] = {}
        while waiting := set(self.alive()) - seen.keys():
            for edge in waiting:
                if (await self.states(edge)).get(name, "").startswith(wanted):
                    seen[edge] = time.monotonic()
            await asyncio.sleep(0.02)
        return seen


def haproxy() -> str:
    """Path of HAProxy. Raises DrillError."""
    found = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if found is None:
        raise DrillError("HAProxy is not here: apt-get install haproxy")
    return found


def _ports(names: tuple[str, ...]) -> dict[str, int]:
    """Free ports of the loopback, all held until all are found."""
    with contextlib.ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in names}
        for one in sockets.values():
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in sockets.items()}


def _text(site: Site, edge: str, http: int) -> str:
    paths = {worker: f"127.0.0.1:{port}" for worker, port in site.workers.items()}
    return configuration(
        HaproxyConfiguration(
            paths=paths,
            domain=DOMAIN,
            hosts=(),
            unpublished=(),
            probe=HOST,
            # Every client of a drill has the same address.
            limits=Limits(per_client=10_000, new_per_client=100_000),
            addresses="127.0.0.1",
            https=site.edges[edge],
            http=http,
            socket=str(site.folder / f"{edge}.sock"),
            user=None,
        ),
        edge,
    )


@contextlib.asynccontextmanager
async def staged(folder: Path, edit: Callable[[str], str] = str) -> AsyncIterator[tuple[Site, Authority]]:
    """A site whose every path is up; `edit` changes the configuration, to see what a drill says of a wrong one."""
    program, authority = haproxy(), Authority("edge-drill")
    ports = _ports((*EDGES, *WORKERS, *(f"{edge}-http" for edge in EDGES)))
    site = Site(folder, {name: ports[name] for name in EDGES}, {name: ports[name] for name in WORKERS})
    for name, text in zip(("server.pem", "server.key"), authority.issue("worker", [HOST]), strict=True):
        (folder / name).write_bytes(text)
    try:
        for worker, port in site.workers.items():
            words = (sys.executable, "-m", "tools.edge_drill.worker", worker, str(port))
            await _started(site, worker, *words, str(folder / "server.pem"), str(folder / "server.key"))
        for edge in EDGES:
            file = folder / f"{edge}.cfg"
            file.write_text(edit(_text(site, edge, ports[f"{edge}-http"])), encoding="utf-8")
            await _started(site, edge, program, "-db", "-f", str(file))
        await _ready(site)
        yield site, authority
    finally:
        for process in site.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _started(site: Site, name: str, *words: str) -> None:
    with open(site.folder / f"{name}.log", "wb") as log:
        site.processes[name] = await asyncio.create_subprocess_exec(*words, stdout=log, stderr=log)


async def _ready(site: Site) -> None:
    """HAProxy takes a path to be up before the first probe; two probes later it knows."""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            for edge in EDGES:
                while not (site.folder / f"{edge}.sock").exists() or not await _all_up(site, edge):
                    if site.processes[edge].returncode is not None:
                        raise DrillError((site.folder / f"{edge}.log").read_text())
                    await asyncio.sleep(0.1)
    except TimeoutError:
        states: Mapping[str, Mapping[str, str]] = {edge: await site.states(edge) for edge in site.alive()}
        raise DrillError(f"not every path came up: {states}") from None


async def _all_up(site: Site, edge: str) -> bool:
    rows = (await site.command(edge, "show servers state " + BACKEND)).splitlines()
    probed = [row for row in rows if len(row.split()) > _PROBED and row.split()[3] in site.workers]
    return bool(probed) and all(row.split()[_PROBED] == _PASSED for row in probed)


_PROBED, _PASSED = 11, "3"
"""Column `srv_check_result` of `show servers state`, and what it is after a probe that was passed (section 9.3)."""
