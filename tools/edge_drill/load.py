"""Steady load on the edges: clients as browsers are, which go on to the next address when one refuses them."""

import asyncio
import contextlib
import itertools
import json
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.edge_drill import HOST

PATIENCE_SECONDS = 15.0
"""After that a client gives a request up."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request: monotonic seconds, and who answered; `error` is empty when somebody did."""

    begun: float
    ended: float
    edge: str
    worker: str = ""
    client: str = ""
    error: str = ""


@dataclass
class Load:
    """`clients` ask one request after the other; each begins with another edge, as round-robin answers of DNS do."""

    edges: dict[str, int]
    trust: ssl.SSLContext
    clients: int = 12
    requests: list[Request] = field(default_factory=list)
    _running: bool = True

    async def run(self) -> None:
        """Asks until `stop`."""
        await asyncio.gather(*(self._client(number) for number in range(self.clients)))

    def stop(self) -> None:
        """What is under way is still waited for."""
        self._running = False

    async def _client(self, number: int) -> None:
        for turn in itertools.count(number):
            if not self._running:
                return
            names = list(self.edges)
            shift = turn % len(names)
            self.requests.append(await self._request([*names[shift:], *names[:shift]]))

    async def _request(self, names: Sequence[str]) -> Request:
        begun, edge = time.monotonic(), names[0]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                edge, reader, writer = await self._connected(names)
                with contextlib.closing(writer):
                    await writer.start_tls(self.trust, server_hostname=HOST)
                    writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % HOST.encode())
                    _, _, body = (await reader.read()).partition(b"\r\n\r\n")
                    said = json.loads(body)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            return Request(begun=begun, ended=time.monotonic(), edge=edge, error=str(error) or type(error).__name__)
        return Request(begun=begun, ended=time.monotonic(), edge=edge, worker=said["worker"], client=said["client"])

    async def _connected(self, names: Sequence[str]) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
        for name in names[:-1]:
            with contextlib.suppress(ConnectionError):
                return name, *(await asyncio.open_connection("127.0.0.1", self.edges[name]))
        return names[-1], *(await asyncio.open_connection("127.0.0.1", self.edges[names[-1]]))
