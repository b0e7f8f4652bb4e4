"""Stacks of small programs that the driver's tests run through the real engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.checkout import ROOT, Stack, passphrase, prepare
from lab.driver import Driver
from lab.operation import Order
from lab.world import World

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


@contextmanager
def world_of(stack: Stack) -> Iterator[World]:
    """The simulated world between two operations."""
    with World(stack.world, passphrase(stack)) as world:
        yield world


def kill_after(stack: Stack, steps: int) -> dict[str, Any]:
    """Begin an `up` and kill everything at once after so many finished steps; the checkpoint that is left."""
    prepare(stack)
    read, write = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "lab.operation", str(write)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(write,),
        text=True,
        start_new_session=True,
    )
    os.close(write)
    if child.stdin is None:
        raise AssertionError("the order goes to standard input")
    order = Order("up", str(stack.root), stack.name, str(stack.workdir), grace=GRACE)
    child.stdin.write(order.to_json() + "\n")
    child.stdin.flush()
    done = 0
    with os.fdopen(read, encoding="utf-8") as channel:
        for line in channel:
            done += json.loads(line)["event"] == "done"
            if done >= steps:
                break
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdin.close()
    path = stack.backend / ".pulumi" / "stacks" / stack.project_name / f"{stack.name}.json"
    checkpoint: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["checkpoint"]["latest"]
    return checkpoint
