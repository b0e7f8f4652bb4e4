"""Stands for Traefik on one worker: TLS behind the PROXY protocol, version 2; says its name and whom it saw.

`python -m tools.edge_drill.worker NAME PORT CERTIFICATE KEY`. Each answer takes its time, so that some are under way
whenever something is lost.
"""

import contextlib
import ipaddress
import json
import socket
import socketserver
import ssl
import sys
import time
from typing import Any

from tools.edge_drill import ANSWER_SECONDS

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FAMILIES = {0x11: 4, 0x21: 16}
"""TCP over IPv4 and IPv6, with the bytes of an address (doc/proxy-protocol.txt of HAProxy, section 2.2)."""
_SECONDS = 30.0


def client(connection: socket.socket) -> str:
    """Address in the header; empty for a probe of the proxy itself. Raises ValueError without a header."""
    head = connection.recv(16, socket.MSG_WAITALL)
    if head[:12] != _SIGNATURE:
        raise ValueError("no PROXY protocol of version 2")
    rest = connection.recv(int.from_bytes(head[14:16], "big"), socket.MSG_WAITALL)
    size = _FAMILIES.get(head[13], 0)
    return str(ipaddress.ip_address(rest[:size])) if head[12] & 0xF == 1 and size else ""


def handler(name: str, context: ssl.SSLContext) -> type[socketserver.BaseRequestHandler]:
    """What answers one connection."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A probe goes away after its handshake.
            with contextlib.suppress(OSError, ValueError):
                self.request.settimeout(_SECONDS)
                seen = client(self.request)
                with context.wrap_socket(self.request, server_side=True) as secured:
                    self._answer(secured, {"worker": name, "client": seen})

        def _answer(self, secured: ssl.SSLSocket, said: dict[str, Any]) -> None:
            if secured.recv(4096):
                time.sleep(ANSWER_SECONDS)
                body = json.dumps(said).encode()
                secured.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)
                )

    return Handler


class Server(socketserver.ThreadingTCPServer):
    """One thread for each connection."""

    daemon_threads = True
    request_queue_size = 128


def main(name: str, port: int, certificate: str, key: str) -> None:
    """Answers until it is ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(("127.0.0.1", port), handler(name, context)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
