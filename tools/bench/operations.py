"""Preview, first up and an up without change: the program and its floor in turn, in the same engine."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab.checkout import ROOT, LabError, Stack
from lab.driver import Driver
from tests.support.program import STACK_FILE, record_program
from tools.bench import floor
from tools.bench.serving import Cost, Measured

OPERATIONS: Final = ("preview", "first up", "no-change up")
"""The last word is the operation."""
_PRODUCT: Final = STACK_FILE.name.split(".")[1]
# The last three are imported once the program makes their resources.
_IMPORTS: Final = (
    "pulumi",
    "stacks.platform, components.gitea.server, components.harbor.server, components.matrix.server",
)
_IMPORTING: Final = "import gc, time; gc.disable(); import {names}; print(time.process_time())"


@dataclass(frozen=True)
class Pair:
    """An operation of the program, and of its floor right before."""

    floor: Cost
    product: Cost


@dataclass
class Measurement:
    """All rounds.

    Attributes:
        pairs: Operation -> a pair of each round.
        state: Resources of the program's state.
        bytes: Of inputs; of the program's state, and of the floor's.
    """

    pairs: dict[str, list[Pair]] = field(default_factory=lambda: {name: [] for name in OPERATIONS})
    state: Sequence[dict[str, Any]] = ()
    bytes: dict[str, int] = field(default_factory=dict)


def ratio(pairs: Sequence[Pair], of: Callable[[Cost], float]) -> float:
    """Program ÷ floor: the median over the rounds."""
    return statistics.median(of(one.product) / of(one.floor) for one in pairs)


def measured(directory: Path, rounds: int, say: Callable[[str], object]) -> Measurement:
    """Run the rounds, each from nothing; raises LabError when an operation fails or changes what it should not."""
    found = Measurement()
    shape = floor.shape_of(record_program(preview=False).resources)
    for number in range(1, rounds + 1):
        shutil.rmtree(directory, ignore_errors=True)
        stacks = floor.write(directory / floor.NAME, shape), Stack(ROOT, _PRODUCT, directory / "product")
        for name in OPERATIONS:
            say(f"operations: round {number} of {rounds}, {name}")
            found.pairs[name].append(Pair(*(_run(stack, name, directory / "cost.json") for stack in stacks)))
        found.bytes = {
            "inputs": sum(size for _, size in shape),
            **{stack.name: (stack.workdir / "state.json").stat().st_size for stack in stacks},
        }
        found.state = (stacks[1].state() or {})["deployment"]["resources"]
    shutil.rmtree(directory)
    return found


def _run(stack: Stack, name: str, record: Path) -> Cost:
    serve = Measured(record, trivial=stack.name == floor.NAME)
    return cost(Driver(stack, serve=serve, spare=False), name, record)


def cost(driver: Driver, name: str, record: Path) -> Cost:
    """What an operation cost, which `driver` has written to `record`; raises LabError likewise."""
    operation = name.rsplit(maxsplit=1)[-1]
    result = driver.run(operation)
    if not result.ok or (name.startswith("no-change") and result.changed):
        raise LabError(f"{name} of {driver.stack.name}: {result.error or result.changes}; see {driver.log(operation)}")
    return Cost.read(record)


def imports(rounds: int, say: Callable[[str], object]) -> tuple[float, float]:
    """CPU seconds in which a fresh Python imports what the floor needs, and what the program needs."""
    found: dict[str, list[float]] = {names: [] for names in _IMPORTS}
    for number in range(1, rounds + 1):
        say(f"imports: round {number} of {rounds}")
        for names, seconds in found.items():
            printed = subprocess.run(
                [sys.executable, "-c", _IMPORTING.format(names=names)], cwd=ROOT, stdout=subprocess.PIPE, check=True
            )
            seconds.append(float(printed.stdout))
    bare, whole = (statistics.median(found[names]) for names in _IMPORTS)
    return bare, whole
