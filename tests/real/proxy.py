"""A proxy on the loopback that leads the names of the cluster to doubles, and leads nowhere else.

A server under test keeps the addresses of the program, and is given this proxy for what it opens itself (HTTPS_PROXY).
"""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_CHUNK = 65536


@dataclass
class Proxy:
    """A running proxy.

    Attributes:
        routes: Port on the loopback for each `host:port` that exists.
        asked: Every `host:port` that was asked for.
    """

    url: str
    routes: Mapping[str, int]
    asked: set[str] = field(default_factory=set)


@contextlib.contextmanager
def proxying(routes: Mapping[str, int]) -> Iterator[Proxy]:
    """Serve CONNECT for the routes on a free port of the loopback."""
    proxy = Proxy("", routes)

    class Tunnel(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            method, target, _ = self.rfile.readline().decode().split(" ", 2)
            while self.rfile.readline().strip():
                """The headers say nothing that matters here."""
            proxy.asked.add(target)
            port = routes.get(target)
            if method != "CONNECT" or port is None:
                self.wfile.write(b"HTTP/1.1 502 no such host\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                self.wfile.write(b"HTTP/1.1 200 connected\r\n\r\n")
                _join(self.connection, upstream)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False  # a tunnel that a server keeps open must not keep the tests from ending

    with Server(("127.0.0.1", 0), Tunnel) as server:
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _join(client: socket.socket, upstream: socket.socket) -> None:
    """Pass bytes both ways until both sides are done."""
    back = threading.Thread(target=_pass, args=(upstream, client), daemon=True)
    back.start()
    _pass(client, upstream)
    back.join()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
