"""The recording engine: runs a piece of a Pulumi program, or all of it, and records every request it makes.

Each run has its own context variables, event loop and package cache, so no test sees another's settings, configuration
or resources (the SDK keeps all of these in context variables, except the package reference of pulumi-authentik).
"""

import asyncio
import contextvars
import functools
import gc
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple
from unittest.mock import patch

import pulumi
from pulumi import _types
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.known_types import is_unknown
from pulumi.runtime.mocks import MockEngine
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.stack import run_in_stack

from tests.support.monitor import STACK, RecordingMonitor
from tests.support.outputs import Issuer
from tests.support.recording import Call, Recorded, Recording, RegisteredOutputs

PROJECT = "home-cluster"

_Arguments = TypeVarTuple("_Arguments")
_Answer = TypeVar("_Answer")

_types_of = functools.cache(_types._types_from_py_properties)  # of a class, which the SDK asks for each object

__all__ = ["PROJECT", "Call", "Recorded", "Recording", "RegisteredOutputs", "Run", "record"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """Circumstances of a run.

    Attributes:
        preview: Whether the engine previews: ids and computed outputs are unknown then.
        skipping: Whether the engine skips every resource, as after a failure of what all depend on.
        config: Stack configuration by full key, as the engine hands it to the program: every value a string.
        secret_config: Keys of it that are secret; their values are remembered as issued secrets.
    """

    preview: bool = False
    skipping: bool = False
    stack: str = "test-cluster"
    config: Mapping[str, str] = field(default_factory=dict)
    secret_config: tuple[str, ...] = ()


def record(build: Callable[[], object], run: Run | None = None) -> Recording:
    """Run `build` as a Pulumi program.

    A mapping that it returns (names to Outputs or plain values) is exported like the outputs of a stack, so that a
    test can look at values that no resource takes as input. Anything else it returns is ignored.

    Raises:
        Exception: whatever the program raises, also inside an apply.
    """
    circumstances = run or Run()
    return contextvars.Context().run(_record, build, circumstances)


def _record(build: Callable[[], object], run: Run) -> Recording:
    issuer = Issuer()
    for key in run.secret_config:
        issuer.issued[run.config[key]] = f"stack configuration {key}"
    monitor = RecordingMonitor(
        project=PROJECT, stack=run.stack, preview=run.preview, issuer=issuer, skipping=run.skipping
    )
    settings = runtime_settings.Settings(
        project=PROJECT, stack=run.stack, monitor=monitor, engine=MockEngine(None), dry_run=run.preview
    )
    # Instead of the server that an engine calls hooks through; this one carries nothing out, so it calls none.
    settings.callbacks = monitor
    runtime_settings.configure(settings)
    pulumi.runtime.set_all_config(dict(run.config), list(run.secret_config))
    _forget_packages()

    async def program() -> None:
        returned = build()
        if isinstance(returned, Mapping):
            for name, value in returned.items():
                pulumi.export(name, value)
        await _settle()

    _drive(program)
    outputs = dict(monitor.outputs)
    stack = outputs.pop(monitor.make_urn("", STACK, f"{PROJECT}-{run.stack}"))
    return Recording(
        preview=run.preview,
        resources=tuple(monitor.recorded.values()),
        calls=tuple(monitor.calls),
        stack_outputs=stack,
        component_outputs=outputs,
        issued=dict(issuer.issued),
        packages=tuple(monitor.packages),
        hooks=dict(monitor.hooks),
    )


async def _settle() -> None:
    """Wait for every Output at once. The SDK does the same afterwards, but in steps whose cost grows with the square
    of the program; what failed is left to it, for it raises the error."""
    settings = runtime_settings.SETTINGS
    while settings.outputs:
        with settings.lock:
            pending = list(settings.outputs)
            settings.outputs.clear()
        done, _ = await asyncio.wait(pending)
        failed = [task for task in done if task.cancelled() or task.exception() is not None]
        if failed:
            settings.outputs.update(failed)
            return


class _Loop(asyncio.SelectorEventLoop):
    """Answers each request at once, without a thread: so the order is the same in every run."""

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Arguments], _Answer], *args: *_Arguments
    ) -> asyncio.Future[_Answer]:
        del executor
        answer: asyncio.Future[_Answer] = self.create_future()
        try:
            answer.set_result(func(*args))
        except Exception as error:
            answer.set_exception(error)
        return answer


def _drive(program: Callable[[], Awaitable[None]]) -> None:
    """Run to the end on a loop of its own."""
    loop = _Loop()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(_report)
    # Half of the time of a run would go into looking for garbage, of which it makes next to none.
    gc.disable()
    try:
        # Nobody here asks on which line a resource stands, nor reads the SDK's own log of all it does.
        with (
            patch("pulumi.runtime.resource._get_stack_trace", StackTrace),
            patch("pulumi.log.debug", _unread),
            patch("pulumi._types._types_from_py_properties", _types_of),
            patch("pulumi.runtime.rpc.contains_unknowns", _contains_unknowns),
        ):
            loop.run_until_complete(run_in_stack(program))
    finally:
        gc.enable()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()
        asyncio.set_event_loop(None)


def _contains_unknowns(value: Any) -> bool:
    """What the SDK asks of each Output twice, with a function that is made for the call and refers to itself: most of
    the garbage of a run that has to be looked for."""
    if isinstance(value, dict):
        return any(map(_contains_unknowns, value.values()))
    if isinstance(value, list):
        return any(map(_contains_unknowns, value))
    return bool(is_unknown(value))


def _unread(*_: object, **__: object) -> None:
    """In place of a line of the log."""


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A failing program leaves every Output behind the failure with the same error, which was raised already."""
    if "never retrieved" not in str(context.get("message")):
        loop.default_exception_handler(context)


def _forget_packages() -> None:
    """pulumi-authentik keeps its package reference, and a lock bound to an event loop, for the whole process."""
    module: Any = sys.modules.get("pulumi_authentik._utilities")
    if module is not None:
        module._package_ref = ...
        module._package_lock = asyncio.Lock()
