"""A TLS server on the loopback, which may demand a certificate of its clients."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from doubles.certificates import Authority


@dataclass
class Server:
    """A running server: its address and what was asked."""

    port: int
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


Respond = Callable[[str], tuple[int, str]]
"""From the path to status and body."""


@contextlib.contextmanager
def serving(
    respond: Respond, authority: Authority, directory: Path, clients: Authority | None = None
) -> Iterator[Server]:
    """Serve with a certificate of `authority`; to clients of `clients` alone, where that is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = directory / "server.pem"
    pair.write_bytes(b"".join(authority.issue("server")))
    context.load_cert_chain(pair)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.pem.decode())
    answered: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answered.append((self.path, dict(self.headers)))
            status, body = respond(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: the test asserts on `requests`."""

    class TlsServer(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            # In the thread of the connection, so that a client that gives up does not hold the others.
            with contextlib.suppress(OSError), context.wrap_socket(request, server_side=True) as connection:
                super().finish_request(connection, client_address)

    server = TlsServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Server(server.server_port, answered)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
