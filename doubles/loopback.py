"""A server on the loopback: what a double answers is served there, over TLS where it is asked for."""

import contextlib
import json
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What the double answers; a body that is neither text nor bytes is sent as JSON.

    `reason` is the text beside the status, where it is not the usual one.
    """

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        text = self.body if isinstance(self.body, bytes | str) else json.dumps(self.body)
        return text if isinstance(text, bytes) else text.encode()


Respond = Callable[[Request], Reply]


@dataclass
class Double:
    """A running double: its URL and every request so far."""

    url: str
    requests: list[Request] = field(default_factory=list)


RUNNING: dict[int, Respond] = {}
"""What answers on each port, for who asks it in this process without a connection."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that does not trust the server, or has no certificate that it wants, breaks off.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[Double]:
    """Serve `respond` on a free port of the loopback, over TLS where `tls` is given."""
    double = Double("")

    def answer(request: Request) -> Reply:
        double.requests.append(request)
        return respond(request)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
            reply = answer(request)
            content = reply.content
            self.send_response_only(reply.status, reply.reason)
            for name, value in {"Date": self.date_time_string(), **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: the test asserts on `requests`."""

    server = _Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        # Each connection shakes hands in its own thread, so that a client that gives up does not hold the others.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    double.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    RUNNING[server.server_port] = answer
    try:
        yield double
    finally:
        del RUNNING[server.server_port]
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def greeting(words: bytes) -> Iterator[tuple[str, int]]:
    """A server that says these words to whoever connects, as an SSH server does: its address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(words)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        thread.join()
