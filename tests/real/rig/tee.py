"""The official Kubernetes provider before the engine, with the lab's beside it.

The engine gets the answers of the official one. The lab's is asked the same, so that the simulated rest of the site
knows the cluster, and wherever the two come to something else, that is written down: the lab is at fault.
"""

import functools
import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from lab.providers.server import Provider
from lab.providers.serving import POOL
from tests.real.rig.bridge import Bridge

_ABOUT_ITSELF = ("Handshake", "Attach", "GetPluginInfo", "Parameterize", "GetSchema", "Cancel", "Invoke", "Construct")
_CONFIGURING = ("CheckConfig", "DiffConfig", "Configure")
_CHANGING = ("Create", "Update", "Delete")
_LOOKING = ("Check", "Diff", "Read")
THREADS = 128
LARGEST = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _LabError(Exception):
    """What the lab's provider refuses."""


@dataclass(frozen=True)
class _Context:
    """Of a call of the lab's provider, whose answer nobody but the tee sees."""

    of: str

    def peer(self) -> str:
        return self.of

    def abort(self, _code: Any, details: str) -> NoReturn:
        raise _LabError(details)

    def abort_with_status(self, status: Any) -> NoReturn:
        raise _LabError(status.details)


@dataclass
class Official:
    """A process of the official provider, as the engine starts one for each provider resource.

    Attributes:
        port: Of its gRPC server, on the loopback.
    """

    process: "subprocess.Popen[bytes]"
    port: int

    @classmethod
    def started(cls, binary: Path, proxy: str, log: Path) -> "Official":
        """Once it serves. `proxy` as in `Tee`; what it prints goes to `log`."""
        environment = {**os.environ, "HTTPS_PROXY": proxy, "NO_PROXY": "", "KUBECONFIG": "/dev/null"}
        # The address of an engine that is never asked: the one that attaches says its own.
        command = [str(binary), "127.0.0.1:1"]
        with log.open("ab") as errors:
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None, "the port comes that way"
        return cls(process, int(process.stdout.readline()))

    @functools.cached_property
    def stub(self) -> Any:
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options=LARGEST)
        return vars(provider_pb2_grpc)["ResourceProviderStub"](channel)

    def stop(self, grace: float | None) -> None:
        """End it."""
        del grace
        self.process.kill()
        self.process.wait()


@dataclass(eq=False)
class Tee(provider_pb2_grpc.ResourceProviderServicer):
    """Both providers.

    Attributes:
        binary: The official one.
        proxy: URL of the proxy that leads the cluster's address to the API server.
        differences: File to which every difference is added, a line of JSON each.
    """

    binary: Path
    proxy: str
    differences: Path
    lab: Provider
    bridge: Bridge
    _officials: dict[str, Official] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _beside: futures.Executor = field(default_factory=lambda: futures.ThreadPoolExecutor(THREADS, POOL))

    def stop(self, grace: float | None) -> None:
        """End the processes."""
        for one in self._officials.values():
            one.stop(grace)

    def ask(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        """The official provider's answer."""
        beside = method in _CONFIGURING + _CHANGING + _LOOKING and not getattr(request, "preview", False)
        lab = self._beside.submit(self._lab, method, request, context.peer()) if beside else None
        failed: Any = None
        answer: Any = None
        # The lab's time must not run while the real one works.
        with self.lab.site.clock.call():
            try:
                answer = getattr(self._official(context.peer()).stub, method)(request)
            except grpc.RpcError as error:
                failed = error
        if lab is not None:
            self._compare(method, request, (answer, failed), lab.result())
            if method in _CHANGING:
                self.bridge.catch_up()
        if failed is not None:
            context.set_trailing_metadata(failed.trailing_metadata())
            context.abort(failed.code(), failed.details())
        return answer

    def _lab(self, method: str, request: Any, peer: str) -> tuple[Any, str]:
        try:
            return getattr(self.lab, method)(request, _Context(peer)), ""
        except _LabError as error:
            return None, str(error)
        except Exception as error:
            return None, f"{type(error).__name__}: {error}"

    def _official(self, peer: str) -> Official:
        with self._lock:
            if peer not in self._officials:
                log = self.differences.with_name("provider.log")
                self._officials[peer] = Official.started(self.binary, self.proxy, log)
            return self._officials[peer]

    def _compare(self, method: str, request: Any, official: tuple[Any, Any], lab: tuple[Any, str]) -> None:
        answer, failed = official
        simulated, refused = lab
        if (failed is None) == (not refused):
            real, other = (None, None) if refused else (_gist(method, answer), _gist(method, simulated))
        else:
            real, other = (failed.details() if failed else "goes well"), (refused or "goes well")
        if real != other:
            line = {"method": method, "urn": getattr(request, "urn", ""), "official": real, "lab": other}
            with self._lock, self.differences.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _gist(method: str, answer: Any) -> Any:
    """What an answer has to have in common."""
    gists: Mapping[str, Callable[[Any], Any]] = {
        "Check": lambda one: bool(one.failures),
        "CheckConfig": lambda one: bool(one.failures),
        "Diff": _diff,
        "DiffConfig": _diff,
        "Read": lambda one: bool(one.id),
    }
    gist = gists.get(method)
    return gist(answer) if gist is not None else None


def _diff(answer: Any) -> Any:
    return {"changes": answer.changes == pb.DiffResponse.DIFF_SOME, "replaces": bool(answer.replaces)}


def _forward(method: str) -> Any:
    def call(self: Tee, request: Any, context: grpc.ServicerContext) -> Any:
        return self.ask(method, request, context)

    return call


for _method in (*_ABOUT_ITSELF, *_CONFIGURING, *_CHANGING, *_LOOKING):
    setattr(Tee, _method, _forward(_method))
