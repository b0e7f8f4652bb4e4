"""The floor: a program of trivial resources, as many as another has, with inputs of as many bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pulumi
import yaml

from lab.checkout import ROOT, Stack
from tests.support.recording import Recorded
from tools.bench.serving import TRIVIAL

NAME: Final = "floor"
CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
_OFFICIAL: Final = "pulumi:providers:kubernetes"
Shape = Sequence[tuple[str, int]]
"""Of each resource: the type of the trivial one in its place, empty for a component, and the bytes of its inputs."""

_MAIN: Final = """\
import gc
import json

from tools.bench.floor import build

gc.disable()  # as the program does
with open({file!r}, encoding="utf-8") as shape:
    build(**json.load(shape))()
"""


def size(resource: Recorded) -> int:
    """Bytes of the inputs as JSON."""
    return _length(resource.inputs)


def _length(inputs: Mapping[str, Any]) -> int:
    return len(json.dumps(inputs, default=str, separators=(",", ":")))


def shape_of(resources: Iterable[Recorded], *, official: bool = False) -> Shape:
    """The shape of a recorded program. Where the Kubernetes provider is the `official` one, a ConfigMap is trivial."""

    def trivial(token: str) -> str:
        return CONFIG_MAP if official and token.startswith("kubernetes:") else TRIVIAL

    # That provider is part of the floor, since nothing goes without it.
    found = [one for one in resources if not (official and one.type == _OFFICIAL)]
    return [(trivial(one.type) if one.custom else "", size(one)) for one in found]


def build(shape: Shape, kubeconfig: str = "") -> Callable[[], None]:
    """The program: no resource needs another, and each custom one has one text as its input."""

    def program() -> None:
        provider = pulumi.ProviderResource("kubernetes", "cluster", {"kubeconfig": kubeconfig}) if kubeconfig else None
        for index, (token, wanted) in enumerate(shape):
            if token:
                name, through = f"trivial-{index}", provider if token == CONFIG_MAP else None
                options = pulumi.ResourceOptions(provider=through)
                pulumi.CustomResource(token, name, _inputs(token, name, wanted), options)
            else:
                pulumi.ComponentResource("floor:index:Group", f"group-{index}").register_outputs({})

    return program


def _inputs(token: str, name: str, wanted: int) -> dict[str, Any]:
    """Of so many bytes, by one text that is as long as it takes; of more where an empty one exceeds them."""
    filled: dict[str, Any] = {"text": ""}
    inputs = filled
    if token == CONFIG_MAP:
        metadata = {"name": name, "namespace": "default"}
        inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": filled}
    filled["text"] = "x" * (wanted - _length(inputs))
    return inputs


def write(directory: Path, shape: Shape, kubeconfig: str = "") -> Stack:
    """A stack with this program, as the lab runs one; its ConfigMaps come to the cluster of `kubeconfig`."""
    root = directory / "root"
    root.mkdir(parents=True)
    file = root / "shape.json"
    file.write_text(json.dumps({"shape": shape, "kubeconfig": kubeconfig}), encoding="utf-8")
    (root / "__main__.py").write_text(_MAIN.format(file=str(file)), encoding="utf-8")
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": NAME, "runtime": "python"}), encoding="utf-8")
    (root / f"Pulumi.{NAME}.yaml").write_text("config: {}\n", encoding="utf-8")
    (root / ".tools").symlink_to(ROOT / ".tools")
    return Stack(root, NAME, directory / "work")
