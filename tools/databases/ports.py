"""Ports of the loopback."""

import socket


def free_port() -> int:
    """A port that is free at this moment; another process may be faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
