"""`make bench-real`: what the program costs with the official Kubernetes provider, as ratios to a floor on that rig."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from lab.checkout import LabError
from lab.driver import Driver
from stack_file.load import load_stack_file
from tests.real.rig.control_plane import kubeconfig
from tests.real.rig.measured import Beside, Direct
from tests.real.rig.rig import Running
from tests.support.program import record_program
from tools import real_programs, real_servers
from tools.bench import floor, operations, results
from tools.bench.command import BUILD, Say, run
from tools.bench.operations import Measurement, Pair
from tools.bench.page import official_page
from tools.files import UnavailableError
from tools.waiting import interruptible

FIRST: Final = "first up"
AGAIN: Final = ("no-change preview", "no-change up")


def result(rounds: int, say: Say) -> tuple[Mapping[str, Any], str]:
    """Everything; raises LabError where a program is missing or an operation fails."""
    _require_programs()
    told = results.official(measured(BUILD / "bench-real", rounds, say), operations.imports(rounds, say))
    return told, official_page(told)


def _require_programs() -> None:
    """Raises LabError for the first program of the rig that is not there."""
    for program in real_programs.SUITES["real"]:
        try:
            real_servers.find(program)
        except UnavailableError as error:
            raise LabError(f"there is no {program.name}: {error}") from None


def measured(directory: Path, rounds: int, say: Say) -> Measurement:
    """One bring-up of each, and the rounds after that; raises LabError as `tools.bench.operations` does."""
    shutil.rmtree(directory, ignore_errors=True)
    found = Measurement(pairs={name: [] for name in (FIRST, *AGAIN)})
    with Running.started(directory / "rig") as running:
        record, rig = directory / "cost.json", running.rig
        program = record_program(preview=False, stack_file=running.stack.file)
        shape = floor.shape_of(program.resources, official=True)
        flat = Driver(floor.write(directory / floor.NAME, shape, _through(running)), spare=False)
        product = replace(running.driver, spare=False)
        drivers = replace(flat, serve=Direct(rig, record, trivial=True).serve), product

        def pair(name: str, serve: Any) -> None:
            both = drivers[0], replace(product, serve=serve)
            found.pairs[name].append(Pair(*(operations.cost(one, name, record) for one in both)))

        say(FIRST)
        pair(FIRST, Beside(rig, record).serve)
        for number in range(1, rounds + 1):
            for name in AGAIN:
                say(f"round {number} of {rounds}, {name}")
                pair(name, Direct(rig, record).serve)
        sizes = {one.stack.name: (one.stack.workdir / "state.json").stat().st_size for one in drivers}
        found.bytes = {"inputs": sum(size for _, size in shape), **sizes}
    shutil.rmtree(directory)
    return found


def _through(running: Running) -> str:
    """Kubeconfig of who may do everything, on the way that the program's takes."""
    document = yaml.safe_load(kubeconfig(running.server))
    document["clusters"][0]["cluster"]["server"] = f"https://{load_stack_file(running.stack.file).network.vip}:6443"
    return yaml.safe_dump(document)


if __name__ == "__main__":
    with interruptible("bench-real: interrupted"):
        sys.exit(run("bench-real", __doc__, result, rounds=5))
