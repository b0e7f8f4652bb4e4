"""One operation of the engine, in a process of its own: `python -m lab.operation`, started by `lab.driver`.

The first line of standard input is the order, as JSON; when standard input ends, the driver is gone and so is this
process. Events and the result go, one JSON line each, to the file descriptor named on the command line. A process for
each operation, because the Authentik SDK keeps its package reference for the life of the process.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from pulumi import automation as auto

from lab import checkout, recovery, seed
from lab.events import compact
from lab.providers.catalogue import open_site, packages
from lab.providers.serving import serve
from lab.world import World
from tools.operate import FLAGS
from tools.preparation import NotReadyError
from tools.state import exported

# More than the engine's default of four for each CPU: a waiting step holds a place, and here steps only wait.
PARALLEL: Final = 32


@dataclass(frozen=True)
class Order:
    """What to do: `operation` is up, preview, refresh or destroy.

    `options` go to the Automation API as they are, beside the flags of the real commands; `flags` are those that
    `make` adds, such as `cluster_gone`.
    """

    operation: str
    root: str
    name: str
    workdir: str
    grace: float = 5.0
    pace: float = 0.0
    checkpoints: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)

    def to_json(self) -> str:
        """The order as one line."""
        return json.dumps(asdict(self))


def _environment(stack: checkout.Stack, attachments: str, checkpoints: bool) -> None:
    command = Path(checkout.command_line(stack.root))
    os.environ |= {
        "PATH": f"{command.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # Without the sidecar files of attributes, which a kill can leave empty: then no command reads the state again.
        "PULUMI_BACKEND_URL": f"file://{stack.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": checkout.passphrase(stack),
        "PULUMI_DEBUG_PROVIDERS": attachments,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(stack.workdir / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if not checkpoints:
        os.environ["PULUMI_SKIP_CHECKPOINTS"] = "true"


def _program(stack: checkout.Stack) -> Callable[[], None]:
    """The checkout's program, run from the working directory as the engine would run it from the project's."""

    def run() -> None:
        sys.path.insert(0, str(stack.root))
        os.chdir(stack.project)
        runpy.run_path(str(stack.root / "__main__.py"), run_name="__main__")

    return run


def _select(stack: checkout.Stack) -> auto.Stack:
    options = auto.LocalWorkspaceOptions(work_dir=str(stack.project))
    return auto.create_or_select_stack(
        stack.name, project_name=stack.project_name, program=_program(stack), work_dir=str(stack.project), opts=options
    )


def _perform(selected: auto.Stack, order: Order, emit: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Run the operation; what it changed, and the stack outputs that are no secret."""

    def on_event(event: auto.EngineEvent) -> None:
        found = compact(event)
        if found is not None:
            emit(found)

    options: dict[str, Any] = {"parallel": PARALLEL, "on_event": on_event, "on_output": print, "color": "never"}
    options |= {flag.lstrip("-").replace("-", "_"): True for flag in FLAGS[order.operation]}
    options |= order.options
    result = getattr(selected, order.operation)(**options)
    summary = getattr(result, "summary", None)
    changes = getattr(summary, "resource_changes", None) or getattr(result, "change_summary", {})
    outputs = result.outputs if order.operation == "up" else selected.outputs() if order.operation == "refresh" else {}
    public = {name: output.value for name, output in outputs.items() if not output.secret}
    return {"changes": {str(getattr(key, "value", key)): count for key, count in changes.items()}, "outputs": public}


def _run(order: Order, emit: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    stack = checkout.Stack(Path(order.root), order.name, Path(order.workdir))
    for directory in (stack.backend, stack.workdir / "home"):
        directory.mkdir(parents=True, exist_ok=True)
    with World(stack.world, checkout.passphrase(stack)) as world:
        site = open_site(world, grace=order.grace, pace=order.pace)
        seed.prepare(world, stack)
        site.settle()
        servers, attachments = serve(packages(), site)
        _environment(stack, attachments, order.checkpoints)
        selected = None
        try:
            selected = _select(stack)
            seed.set_secrets(selected, stack, world)
            if order.operation != "preview":
                recovery.prepare(stack, site, order.operation, emit, order.flags)
            return _perform(selected, order, emit)
        finally:
            if order.operation != "preview" and selected is not None:
                _export(stack)
            for server in servers:
                server.stop(grace=None)


def _export(stack: checkout.Stack) -> None:
    """Leave the state beside the world; secrets in it stay encrypted, which they do not in `Stack.export_stack`."""
    state = exported(Path(checkout.command_line(stack.root)), stack.name, stack.project)
    (stack.workdir / "state.json").write_text(json.dumps(state, indent=1), encoding="utf-8")


def _follow_parent() -> None:
    """End with the driver: its end of standard input closes when it dies, however it does."""
    sys.stdin.read()
    os.killpg(os.getpgid(0), signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Run the order on standard input; exit code 0 when it succeeded."""
    gc.disable()  # the process lives for seconds, and a fifth of them would go into looking for garbage
    channel = os.fdopen(int(arguments[0]), "w", encoding="utf-8")
    lock = threading.Lock()

    def emit(message: Mapping[str, Any]) -> None:
        with lock, contextlib.suppress(BrokenPipeError):
            channel.write(json.dumps(message) + "\n")
            channel.flush()

    order = Order(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        emit({"event": "result", "ok": True, **_run(order, emit)})
    except auto.CommandError as error:
        emit({"event": "result", "ok": False, "error": str(error)})
        return 1
    except NotReadyError as error:
        emit({"event": "result", "ok": False, "error": str(error)})
        return 1
    except (checkout.LabError, OSError, RuntimeError, ValueError) as error:
        emit({"event": "result", "ok": False, "error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
