"""Stacks of small programs that the driver's tests run through the real engine."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.checkout import Stack
from lab.driver import Driver

PROGRAMS = Path(__file__).parent / "programs"

# Small programs are declared in no time; a wait that nobody fulfils need not be long.
GRACE = 1.5


def stack_of(program: str, workdir: Path) -> Stack:
    """The stack `dev` of a program of tests/lab/programs."""
    return Stack(PROGRAMS / program, "dev", workdir)


def driver_of(stack: Stack) -> Driver:
    """A driver that waits no longer than it must."""
    return Driver(stack, grace=GRACE)


def copy_of(stack: Stack, workdir: Path) -> Stack:
    """A stack that goes on from where another one is."""
    shutil.copytree(stack.workdir, workdir)
    return Stack(stack.root, stack.name, workdir)


def kill_after(stack: Stack, steps: int) -> dict[str, Any]:
    """Begin an `up` and kill everything at once after so many finished steps; the checkpoint that is left."""
    done = 0

    def enough(event: dict[str, Any]) -> bool:
        nonlocal done
        done += event["event"] == "done"
        return bool(done >= steps)

    return _kill_when(stack, enough, GRACE)


def kill_inside(stack: Stack, release: str) -> dict[str, Any]:
    """Begin an `up` and kill everything while Helm waits for a release that is never ready; the checkpoint left."""
    journal = stack.world / "world.journal"

    def recorded(event: dict[str, Any]) -> bool:
        if event["event"] != "start" or not event["urn"].endswith(f"Release::{release}"):
            return False
        if event["op"] not in ("create", "update"):
            return False
        while f"/{release}" not in journal.read_text(encoding="utf-8"):
            time.sleep(0.02)
        return True

    return _kill_when(stack, recorded, grace=600.0)


def _kill_when(stack: Stack, moment: Callable[[dict[str, Any]], bool], grace: float) -> dict[str, Any]:
    assert Driver(stack, grace=grace).killed(moment), "it was killed half-way, and did not end before"
    return checkpoint(stack)


def checkpoint(stack: Stack) -> dict[str, Any]:
    """The state as the engine wrote it last."""
    path = stack.backend / ".pulumi" / "stacks" / stack.project_name / f"{stack.name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    return found
