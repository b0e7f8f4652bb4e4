"""Serve the packages on loopback, for the engine to attach to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent import futures
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from lab.providers.package import Package
from lab.providers.server import Provider
from lab.site import Site

# Waiting calls hold a thread each; the engine never has more steps in flight than its --parallel.
_THREADS: Final = 128
POOL: Final = "provider"
"""With which the names of these threads begin."""

Serve = Callable[[Iterable[Package], Site], tuple[list[Any], str]]
"""As `serve`; what it returns first has the method `stop` of a server."""


def serve(packages: Iterable[Package], site: Site) -> tuple[list[Any], str]:
    """Serve every package on a free loopback port; returns the servers and the value of PULUMI_DEBUG_PROVIDERS."""
    servers: list[Any] = []
    attachments = []
    for package in packages:
        server = grpc.server(futures.ThreadPoolExecutor(_THREADS, POOL))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(package, site), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        attachments.append(f"{package.name}:{port}")
    return servers, ",".join(attachments)
