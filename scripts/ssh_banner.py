"""Whether an SSH server answers: it begins by naming its version (RFC 4253, 4.2)."""

import socket
from urllib.parse import urlsplit

_SECONDS = 10


def problem(url: str, address: tuple[str, int] | None = None) -> str:
    """Empty when an SSH server answers at `ssh://host:port`, or at `address` in its place, otherwise what does."""
    parts = urlsplit(url)
    try:
        with (
            socket.create_connection(address or (parts.hostname or "", parts.port or 22), _SECONDS) as connection,
            connection.makefile("rb") as lines,
        ):
            first = lines.readline(255)
    except OSError as error:
        return f"{url}: not reached ({error})"
    return "" if first.startswith(b"SSH-2.0-") else f"{url}: who answers is no SSH server (it says {first!r})"
