"""Start an operation in a process of its own and follow it: what the commands, the demo and the tests use."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.checkout import LabError, Stack, prepare
from lab.operation import Order, begin
from lab.providers.serving import Serve, serve
from reporting.events import Event, Listener

_QUIET_SECONDS = 0.5
_OF_MAKE = ("cluster_down", "cluster_gone", "keep_identity", "identity")


@dataclass(frozen=True)
class Result:
    """How an operation ended.

    `changes` counts steps by kind, as the engine's summary does; `outputs` are the stack outputs that are no secret.
    """

    ok: bool
    changes: Mapping[str, int] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    events: tuple[Event, ...] = ()

    @property
    def changed(self) -> int:
        """Number of resources that are not the same."""
        return sum(count for kind, count in self.changes.items() if kind not in ("same", "read"))

    def messages(self, severity: str = "error") -> list[str]:
        """Texts of the diagnostics of a severity."""
        return [event["text"] for event in self.events if event["event"] == "message" and event["severity"] == severity]

    def failed(self) -> list[str]:
        """URNs of the steps that failed."""
        return [event["urn"] for event in self.events if event["event"] == "failed"]


@dataclass(frozen=True)
class Driver:
    """Runs operations of one stack.

    `grace` is how many quiet seconds prove that nothing more will happen (see lab.clock); `pace` is real seconds for a
    simulated second of latency. Without `checkpoints` the engine writes the state once, at the end: half the time for
    a run that nobody kills. `serve` is who serves the providers; `spare` leaves out what the SDK does for nobody here.
    """

    stack: Stack
    grace: float = 5.0
    pace: float = 0.0
    checkpoints: bool = True
    serve: Serve = serve
    spare: bool = True

    def up(self, listener: Listener | None = None, **options: Any) -> Result:
        """Bring the stack up."""
        return self.run("up", listener, **options)

    def preview(self, listener: Listener | None = None, **options: Any) -> Result:
        """Say what an `up` would do."""
        return self.run("preview", listener, **options)

    def refresh(self, listener: Listener | None = None, **options: Any) -> Result:
        """Bring the state in line with the world."""
        return self.run("refresh", listener, **options)

    def drift(self, listener: Listener | None = None, **options: Any) -> Result:
        """Say what a `refresh` would find; nothing changes, neither the world nor the state."""
        return self.run("drift", listener, **options)

    def destroy(self, listener: Listener | None = None, **options: Any) -> Result:
        """Remove everything."""
        return self.run("destroy", listener, **options)

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        """Run an operation to its end, with the flags of the real command; raises LabError when it could not start.

        `cluster_down`, `cluster_gone`, `keep_identity` and `identity` among the options are those of `make`, all others
        the Automation API's.
        """
        order = self._order(operation, options)
        events: list[Event] = []
        for event in self._follow(order):
            events.append(event)
            if listener is not None:
                listener(event)
        last = events.pop() if events and events[-1]["event"] == "result" else None
        if last is None:
            raise LabError(f"the operation ended without a result; its output is in {self.log(operation)}")
        return Result(
            last["ok"], last.get("changes", {}), last.get("outputs", {}), last.get("error", ""), tuple(events)
        )

    def killed(
        self,
        moment: Callable[[Event], bool],
        listener: Listener | None = None,
        quiet: Callable[[], bool] = lambda: False,
        **options: Any,
    ) -> bool:
        """Begin an update and kill its processes all at once when `moment` says so of an event; whether it did.

        While there is none, `quiet` is asked twice a second.
        """
        child, channel = begin(self._order("up", options), self.log("up"))
        try:
            with contextlib.suppress(EOFError):
                while True:
                    event = channel.recv() if channel.poll(_QUIET_SECONDS) else None
                    if listener is not None and event is not None:
                        listener(event)
                    if quiet() if event is None else moment(event):
                        os.killpg(child.pid or 0, signal.SIGKILL)
                        return True
            return False
        finally:
            channel.close()
            child.join()

    def log(self, operation: str) -> Path:
        """Where the output of the engine and the program goes."""
        return self.stack.workdir / f"{operation}.log"

    def _order(self, operation: str, options: dict[str, Any]) -> Order:
        prepare(self.stack)
        return Order(
            operation=operation,
            root=str(self.stack.root),
            name=self.stack.name,
            workdir=str(self.stack.workdir),
            grace=self.grace,
            pace=self.pace,
            checkpoints=self.checkpoints,
            flags={name: options.pop(name) for name in _OF_MAKE if name in options},
            options=options,
            serve=self.serve,
            spare=self.spare,
        )

    def _follow(self, order: Order) -> Iterator[Event]:
        child, channel = begin(order, self.log(order.operation))
        try:
            with contextlib.suppress(EOFError):
                while True:
                    yield channel.recv()
        finally:
            channel.close()  # if it still runs, it ends now
            child.join()
