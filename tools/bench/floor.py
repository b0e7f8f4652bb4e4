"""The floor: a program of trivial resources, as many as another has, with inputs of as many bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import pulumi
import yaml

from lab.checkout import ROOT, Stack
from tests.support.recording import Recorded
from tools.bench.serving import TRIVIAL

NAME: Final = "floor"
Shape = Sequence[tuple[bool, int]]
"""Of each resource: whether it is a custom one, else a component, and the bytes of its inputs."""

_MAIN: Final = """\
import gc
import json

from tools.bench.floor import build

gc.disable()  # as the program does
with open({file!r}, encoding="utf-8") as shape:
    build(json.load(shape))()
"""


def size(resource: Recorded) -> int:
    """Bytes of the inputs as JSON."""
    return len(json.dumps(resource.inputs, default=str, separators=(",", ":")))


def shape_of(resources: Iterable[Recorded]) -> Shape:
    """The shape of a recorded program."""
    return [(one.custom, size(one)) for one in resources]


def build(shape: Shape) -> Callable[[], None]:
    """The program: no resource needs another, and each custom one has one text as its input."""

    def program() -> None:
        for index, (custom, wanted) in enumerate(shape):
            if custom:
                text = "x" * (wanted - len('{"text":""}'))
                pulumi.CustomResource(TRIVIAL, f"trivial-{index}", {"text": text})
            else:
                pulumi.ComponentResource("floor:index:Group", f"group-{index}").register_outputs({})

    return program


def write(directory: Path, shape: Shape) -> Stack:
    """A stack with this program, as the lab runs one."""
    root = directory / "root"
    root.mkdir(parents=True)
    file = root / "shape.json"
    file.write_text(json.dumps(shape), encoding="utf-8")
    (root / "__main__.py").write_text(_MAIN.format(file=str(file)), encoding="utf-8")
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": NAME, "runtime": "python"}), encoding="utf-8")
    (root / f"Pulumi.{NAME}.yaml").write_text("config: {}\n", encoding="utf-8")
    (root / ".tools").symlink_to(ROOT / ".tools")
    return Stack(root, NAME, directory / "work")
