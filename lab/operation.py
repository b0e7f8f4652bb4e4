"""One operation of the engine, in a process of its own, which `begin` forks off one that has imported everything.

Events and the result go to the driver, one mapping each; when its end of the channel closes, the driver is gone and so
is this process. A process for each operation, because the Authentik SDK keeps its package reference for the life of the
process.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import multiprocessing
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pulumi
from pulumi import automation as auto
from pulumi import runtime as sdk
from pulumi._version import version as sdk_version
from pulumi.runtime.proto.source_pb2 import StackTrace

from lab import checkout, recovery, seed
from lab.providers.catalogue import open_site, packages
from lab.providers.serving import Serve, serve
from lab.world import World
from lib.secret_state import is_secret, outputs
from reporting.events import compact
from tools import drift, identity
from tools.operate import FLAGS
from tools.operating.child import Cli, Heard
from tools.preparation import NotReadyError

PROCESSES: Final = multiprocessing.get_context("forkserver")
# The program, and what it and the SDK would import when they first name it: each operation anew.
_LATER: Final = (
    *(f"components.{service}.server" for service in ("gitea", "harbor", "matrix")),
    *(f"pulumi_kubernetes.{group}.v1" for group in ("apps", "meta", "networking", "policy")),
)
PRELOADED: Final = (__name__, "stacks.platform", *_LATER)
PROCESSES.set_forkserver_preload(list(PRELOADED))

# More than the engine's default of four for each CPU: a waiting step holds a place, and here steps only wait.
PARALLEL: Final = 32
_CHANGES_NOTHING: Final = ("preview", "drift")


@dataclass(frozen=True)
class Order:
    """What to do: `operation` is up, preview, refresh or destroy.

    `options` go to the Automation API as they are, beside the flags of the real commands; `flags` are those that
    `make` adds, such as `cluster_gone`; `serve` is who serves the providers, for one that puts real ones among them.
    Without `spare` the program costs what it costs with the SDK as it is, for one that measures that.
    """

    operation: str
    root: str
    name: str
    workdir: str
    grace: float = 5.0
    pace: float = 0.0
    checkpoints: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, Any] = field(default_factory=dict)
    serve: Serve = serve
    spare: bool = True


def begin(order: Order, log: Path) -> tuple[BaseProcess, Connection]:
    """The process of the operation, in a group of its own, and the channel of its events; output goes to `log`."""
    ours, theirs = PROCESSES.Pipe()
    child = PROCESSES.Process(target=_main, args=(order, dict(os.environ), str(log), theirs))
    child.start()
    theirs.close()
    return child, ours


def _environment(stack: checkout.Stack, attachments: str, checkpoints: bool) -> None:
    command = Path(checkout.command_line(stack.root))
    os.environ |= {
        "PATH": f"{command.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # Without the sidecar files of attributes, which a kill can leave empty: then no command reads the state again.
        "PULUMI_BACKEND_URL": f"file://{stack.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": checkout.passphrase(stack),
        "PULUMI_DEBUG_PROVIDERS": attachments,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Memory for time: a fifth of the engine's would go into looking for garbage.
        "GOGC": "400",
        "PULUMI_HOME": str(stack.workdir / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if not checkpoints:
        os.environ["PULUMI_SKIP_CHECKPOINTS"] = "true"


def _program(stack: checkout.Stack, spare: bool) -> Callable[[], None]:
    """The checkout's program, run from the working directory as the engine would run it from the project's."""

    def run() -> None:
        if spare:
            _spare_the_sdk()
        sys.path.insert(0, str(stack.root))
        os.chdir(stack.project)
        runpy.run_path(str(stack.root / "__main__.py"), run_name="__main__")

    return run


class _Command(auto.PulumiCommand):
    """The CLI on the path, of which `make setup` sees that its version is the SDK's: nobody asks it (a call each)."""

    def __init__(self) -> None:
        self.command, self.version = "pulumi", sdk_version


class _Stack(auto.Stack):
    """Asks the CLI for nothing beside the operation: each call takes a quarter of a second.

    Outputs and summary are in the state and the events, and every operation names its stack. `exclude` are URNs that an
    operation leaves as they are; of a destroy the Automation API (3.250) knows no such option.
    """

    exclude: Collection[str] = ()

    def __init__(self, stack: checkout.Stack, workspace: auto.Workspace) -> None:
        if recovery.state(stack) is None:
            workspace.create_stack(stack.name)
        self.name, self.workspace = stack.name, workspace

    def outputs(self) -> auto.OutputMap:
        return {}

    def _run_pulumi_cmd_sync(self, args: list[str], *more: Any, **named: Any) -> Any:
        without = [part for urn in self.exclude for part in ("--exclude", urn)]
        return super()._run_pulumi_cmd_sync([*args, *without], *more, **named)

    def info(self, show_secrets: bool = True) -> Any:
        return show_secrets


def _select(stack: checkout.Stack, spare: bool) -> _Stack:
    program = _program(stack, spare)
    workspace = auto.LocalWorkspace(work_dir=str(stack.project), program=program, pulumi_command=_Command())
    return _Stack(stack, workspace)


def _perform(
    selected: auto.Stack, order: Order, emit: Callable[[Mapping[str, Any]], None], spent: dict[str, float]
) -> dict[str, Any]:
    """Run the operation; what it changed. The end of a step also has `simulated`, the seconds that it took here."""
    changes: dict[str, int] = {}

    def on_event(event: auto.EngineEvent) -> None:
        found = compact(event)
        if found is not None:
            ended = found["event"] in ("done", "failed")
            emit(found | ({"simulated": spent.pop(found["urn"], 0)} if ended else {}))
        if event.summary_event is not None:
            counts = event.summary_event.resource_changes.items()
            changes.update({str(getattr(kind, "value", kind)): count for kind, count in counts})

    if order.operation == "drift":
        # The command itself, as nothing of the program takes part.
        binary, root = Path(checkout.command_line(Path(order.root))), Path(selected.workspace.work_dir)
        cli = Cli(binary=binary, root=root, environment=os.environ)
        drift.asked(cli, order.name, Heard(), Path(order.workdir, "refresh-preview.log"), emit)
        return {}
    options: dict[str, Any] = {"parallel": PARALLEL, "on_event": on_event, "on_output": print, "color": "never"}
    options |= {flag.lstrip("-").replace("-", "_"): True for flag in FLAGS[order.operation]}
    options |= {name: value for name, value in order.options.items() if name != "exclude"}
    getattr(selected, order.operation)(**options)
    return {"changes": changes}


def _run(order: Order, emit: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    stack = checkout.Stack(Path(order.root), order.name, Path(order.workdir))
    home = stack.workdir / "home"
    for directory in (stack.backend, home):
        directory.mkdir(parents=True, exist_ok=True)
    # Where the CLI would have a directory for a log of everything, compressed and encrypted: a third of its time.
    (home / "logs").touch()
    with World(stack.world, checkout.passphrase(stack)) as world:
        site = open_site(world, grace=order.grace, pace=order.pace)
        seed.prepare(world, stack)
        site.settle()
        servers, attachments = order.serve(packages(), site)
        _environment(stack, attachments, order.checkpoints)
        selected = None
        try:
            selected = _select(stack, order.spare)
            seed.set_secrets(selected, stack, world)
            if order.operation not in _CHANGES_NOTHING:
                recovery.prepare(stack, site, order.operation, emit, order.flags)
            kept = identity.kept(recovery.state(stack) or {}) if order.flags.get("keep_identity") else ()
            selected.exclude = [*order.options.get("exclude", ()), *kept]
            result = _perform(selected, order, emit, site.clock.spent)
            return result | {"outputs": {} if order.operation in (*_CHANGES_NOTHING, "destroy") else _public(stack)}
        finally:
            if order.operation not in _CHANGES_NOTHING and selected is not None:
                _export(stack)
            for server in servers:
                server.stop(grace=None)


def _public(stack: checkout.Stack) -> dict[str, Any]:
    """The stack outputs that are no secret."""
    return {name: value for name, value in outputs(recovery.state(stack) or {}).items() if not is_secret(value)}


def _export(stack: checkout.Stack) -> None:
    """Leave the state beside the world, as `pulumi stack export` would give it: secrets in it stay encrypted."""
    (stack.workdir / "state.json").write_text(json.dumps(recovery.state(stack)), encoding="utf-8")


def _spare_the_sdk() -> None:
    """Leave out what takes the SDK a third of the program's time and nobody here looks at.

    It waits for the first of thousands of outputs, then for the next; sends the engine each line of its debug log;
    finds out where in the program each resource stands, and the types of the properties of a class for each object.
    """

    async def wait(tasks: Any, **_: Any) -> Any:
        return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)

    vars(sdk.stack)["asyncio"] = SimpleNamespace(**{**vars(asyncio), "wait": wait})
    vars(pulumi.log)["debug"] = lambda *_, **__: None
    vars(sdk.resource)["_get_stack_trace"] = StackTrace
    vars(pulumi._types)["_types_from_py_properties"] = functools.cache(pulumi._types._types_from_py_properties)


def _follow_parent(channel: Connection) -> None:
    """End with the driver: its end of the channel closes when it dies, however it does."""
    with contextlib.suppress(EOFError, OSError):
        channel.recv()
    os.killpg(os.getpgid(0), signal.SIGTERM)


def _main(order: Order, environment: Mapping[str, str], log: str, channel: Connection) -> None:
    """Run the order in this process, which was forked with the environment of another moment."""
    if order.spare:
        gc.disable()  # the process lives for seconds, and a fifth of them would go into looking for garbage
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(checkout.ROOT)
    with open(log, "wb") as output:
        for standard in (1, 2):
            os.dup2(output.fileno(), standard)
    lock = threading.Lock()

    def emit(message: Mapping[str, Any]) -> None:
        with lock, contextlib.suppress(BrokenPipeError):
            channel.send(message)

    threading.Thread(target=_follow_parent, args=(channel,), daemon=True).start()
    try:
        emit({"event": "result", "ok": True, **_run(order, emit)})
    except (auto.CommandError, NotReadyError) as error:
        emit({"event": "result", "ok": False, "error": str(error)})
    except (checkout.LabError, OSError, RuntimeError, ValueError) as error:
        emit({"event": "result", "ok": False, "error": f"{type(error).__name__}: {error}"})
