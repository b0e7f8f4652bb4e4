"""Serves the providers of an operation and says, once it ended, what its parts cost."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterable
from concurrent import futures
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from lab.providers.base import Call, Resource, Result
from lab.providers.package import Package
from lab.providers.server import Provider
from lab.providers.wire import Properties
from lab.site import Site

_THREADS: Final = 128
TRIVIAL: Final = "trivial:index:Trivial"


class Trivial(Resource):
    """A resource that takes any inputs and is what it was told to be."""

    token: ClassVar[str] = TRIVIAL

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """As they are."""
        return news

    def create(self, call: Call, inputs: Properties) -> Result:
        """Nothing but an id."""
        return Result(call.name, inputs)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What an operation cost: CPU seconds of the engine (with its children), of the simulated providers, of the program
    with its SDK and of an official provider, wall seconds of all, and the largest resident set (MiB) of the process in
    which program and simulated providers run.
    """

    engine: float
    providers: float
    program: float
    wall: float
    memory: float
    official: float = 0

    @property
    def own(self) -> float:
        """CPU seconds of all that is not simulated."""
        return self.engine + self.program + self.official

    @classmethod
    def read(cls, file: Path) -> Cost:
        """What `Meter` left."""
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def write(self, file: Path) -> None:
        """For `read`."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")


@dataclass
class _Spans(grpc.ServerInterceptor):
    """CPU seconds of all calls of providers, with the reading and writing of their messages."""

    seconds: list[float] = field(default_factory=list)

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        timed = map(self._timed, (handler.unary_unary, handler.request_deserializer, handler.response_serializer))
        return grpc.unary_unary_rpc_method_handler(*timed)

    def _timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            begun = time.thread_time()
            try:
                return work(*arguments)
            finally:
                self.seconds.append(time.thread_time() - begun)

        return timed


@dataclass(frozen=True)
class Measured:
    """In the place of `lab.providers.serving.serve`: leaves a `Cost` in the file `record`.

    `trivial` serves `Trivial` alone.
    """

    record: Path
    trivial: bool = False

    def __call__(self, packages: Iterable[Package], site: Site) -> tuple[list[Any], str]:
        """The servers, and before them what measures, which is therefore stopped first."""
        if self.trivial:
            packages = [Package("trivial", "trivial", "1.0.0", {TRIVIAL: Trivial()})]
        spans = _Spans()
        servers: list[Any] = [Meter(self.record, lambda: sum(spans.seconds))]
        attachments = []
        for package in packages:
            server = grpc.server(futures.ThreadPoolExecutor(_THREADS), interceptors=[spans])
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(package, site), server)
            attachments.append(f"{package.name}:{server.add_insecure_port('127.0.0.1:0')}")
            server.start()
            servers.append(server)
        return servers, ",".join(attachments)


class Meter:
    """From now until it is stopped, before the servers are; `simulated` tells the CPU seconds of their providers."""

    def __init__(self, record: Path, simulated: Callable[[], float]) -> None:
        self._record, self._simulated = record, simulated
        self._begun = time.monotonic(), cpu(resource.RUSAGE_SELF), cpu(resource.RUSAGE_CHILDREN)

    def stop(self, grace: float | None) -> None:
        """The engine is through and was waited for, so that its seconds count as those of a child."""
        del grace
        began, own, children = self._begun
        providers = self._simulated()
        cost = Cost(
            engine=cpu(resource.RUSAGE_CHILDREN) - children,
            providers=providers,
            program=cpu(resource.RUSAGE_SELF) - own - providers,
            wall=time.monotonic() - began,
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
        cost.write(self._record)


def cpu(who: int) -> float:
    """Seconds in which this process, or its children that ended, used a CPU."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime
