"""What each further node, application and person costs the program, against trivial resources in the same recorder.

`python -m tools.bench.growth KIND COUNT SHAPE [--floor]` measures one point in a process of its own and prints it as
JSON; the program's leaves the shape of its floor in the file SHAPE.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.engine import Recording, record
from tests.support.program import STACK_FILE, record_program
from tools.bench import floor
from tools.bench.serving import TRIVIAL

ROOT: Final = Path(__file__).resolve().parents[2]
KINDS: Final[Mapping[str, Sequence[int]]] = {
    "nodes": (3, 150, 300),
    "applications": (3, 50, 100),
    "people": (5, 500, 1000),
}
"""Of what, and how many at the three points of measurement."""
_REPEATS: Final = 3
_Sections = dict[str, Any]


def _nodes(sections: _Sections, count: int) -> None:
    """Workers, beside three control planes; each has a /24 for its pods."""
    sections["network"]["pods"] = "10.64.0.0/14"
    workers = sections["talos"]["workers"]["default"]
    first = IPv4Address("10.2.16.1")
    workers["nodes"] = [
        {"name": f"worker{index}", "vmId": 2000 + index, "address": str(first + index), "host": "atlas"}
        for index in range(count)
    ]


def _applications(sections: _Sections, count: int) -> None:
    """Each with a namespace and credentials in it."""
    domain = sections["cluster"]["domain"]
    sections["identity"]["applications"] = {
        f"application{index}": {
            "name": f"Application {index}",
            "host": f"application{index}.{domain}",
            "redirectUris": [f"https://application{index}.{domain}/callback"],
            "groups": ["gitea-users"],
            "namespaces": [f"application{index}"],
        }
        for index in range(count)
    }


def _people(sections: _Sections, count: int) -> None:
    """Each in two groups."""
    sections["identity"]["users"] = {
        f"person{index}": {
            "name": f"Person {index}",
            "email": f"person{index}@example.com",
            "groups": ["gitea-users", "matrix-users"],
        }
        for index in range(count)
    }


_CHANGES: Final[Mapping[str, Callable[[_Sections, int], None]]] = {
    "nodes": _nodes,
    "applications": _applications,
    "people": _people,
}


def stack_file(directory: Path, kind: str, count: int) -> Path:
    """The shipped stack file with so many of a kind."""
    document = yaml.safe_load(STACK_FILE.read_text(encoding="utf-8"))
    sections = {key.partition(":")[2]: value for key, value in document["config"].items()}
    _CHANGES[kind](sections, count)
    file = directory / STACK_FILE.name
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return file


def shape(kind: str, count: int, recorded: Recording) -> floor.Shape:
    """The floor of a point: as many resources of as many bytes. A person is no resource, and is compared with one."""
    found = list(floor.shape_of(recorded.resources))
    if kind == "people":
        _, each = max(found, key=lambda one: one[1])
        found = [one for one in found if one[1] != each] + [(TRIVIAL, each // count)] * count
    return found


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measurement: seconds of the program's own thread, which the recorder's work is no part of, resources, bytes
    of inputs, and the most that Python held of it at once, MiB (in a run more, since to watch it takes time).
    """

    seconds: float
    resources: int
    bytes: int
    memory: float


def of_program(kind: str, count: int, trivial: Path) -> Point:
    """The point of the program, in this process; writes its floor's shape."""
    with tempfile.TemporaryDirectory() as directory:
        file = stack_file(Path(directory), kind, count)
        found = list(shape(kind, count, record_program(preview=False, stack_file=file)))
        trivial.write_text(json.dumps(found), encoding="utf-8")
        return _point(lambda: record_program.__wrapped__(preview=False, stack_file=file), found)


def of_floor(trivial: Path) -> Point:
    """The point of the floor of that shape, in this process."""
    found = json.loads(trivial.read_text(encoding="utf-8"))
    return _point(lambda: record(floor.build(found)), found)


def _point(work: Callable[[], object], trivial: floor.Shape) -> Point:
    return Point(
        seconds=statistics.median(_seconds(work) for _ in range(_REPEATS)),
        resources=len(trivial),
        bytes=sum(size for _, size in trivial),
        memory=_memory(work),
    )


def _memory(work: Callable[[], object]) -> float:
    """Without what was there before: a resident set is as large as imports made it, and hides small programs."""
    gc.collect()
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


@dataclass(frozen=True, kw_only=True)
class Growth:
    """From the first point to the last: what a further unit adds, and how that compares with trivial resources.

    Attributes:
        resources: Per unit.
        milliseconds, kibibytes: Per unit, of time and of memory.
        time, memory: Those, divided by what the same resources cost as trivial ones.
        bend: The time of a unit in the second half, divided by that in the first; 1 is linear.
    """

    resources: float
    milliseconds: float
    kibibytes: float
    time: float
    memory: float
    bend: float


def growth(counts: Sequence[int], product: Sequence[Point], trivial: Sequence[Point]) -> Growth:
    """The growth over the points of a kind."""
    first, middle, last = product
    units = counts[-1] - counts[0]
    halves = (
        (middle.seconds - first.seconds) / (counts[1] - counts[0]),
        (last.seconds - middle.seconds) / (counts[2] - counts[1]),
    )
    return Growth(
        resources=(last.resources - first.resources) / units,
        milliseconds=(last.seconds - first.seconds) / units * 1000,
        kibibytes=(last.memory - first.memory) / units * 1024,
        time=(last.seconds - first.seconds) / (trivial[-1].seconds - trivial[0].seconds),
        memory=(last.memory - first.memory) / (trivial[-1].memory - trivial[0].memory),
        bend=halves[1] / halves[0],
    )


def measured(kind: str, say: Callable[[str], object]) -> Growth:
    """Measure all points of a kind, program and floor in turn, each in a process of its own."""
    product, trivial = [], []
    with tempfile.TemporaryDirectory() as directory:
        for count in KINDS[kind]:
            say(f"growth: {count} {kind}")
            product.append(_elsewhere(kind, count, f"{directory}/shape.json"))
            trivial.append(_elsewhere(kind, count, f"{directory}/shape.json", "--floor"))
    return growth(KINDS[kind], product, trivial)


def _elsewhere(*arguments: str | int) -> Point:
    command = [sys.executable, "-m", "tools.bench.growth", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Point(**json.loads(done.stdout))


def main() -> None:
    """Print one point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("count", type=int)
    parser.add_argument("shape", type=Path)
    parser.add_argument("--floor", action="store_true")
    options = parser.parse_args()
    point = of_floor(options.shape) if options.floor else of_program(options.kind, options.count, options.shape)
    print(json.dumps(asdict(point)))


if __name__ == "__main__":
    main()
