"""What the pods of the platform ask for: the figures of the settings' check are what the program says."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lib.kubernetes import mebibytes
from register import footprint
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.engine import Recording
from tests.support.profiles import profile_file
from tests.support.program import record_program
from tests.support.wire import Path as ValuePath
from tests.support.wire import walk

# Charts whose pods ask for what their own values say: Synapse, HAProxy, Element, its administration and the
# authentication service (matrix-stack), the four controllers of Flux (flux-operator, config/data), and what reloads the
# configuration of Alertmanager as it does that of Prometheus.
_BY_CHART = {"matrix-release": (100, 100, 50, 50, 50), "flux-operator": (64,) * 4, "prometheus-release": (32,)}
# Pods of a DaemonSet, by release and path.
_ON_EVERY_NODE = {("cilium-release", "resources"), ("proxmox-csi-release", "node")}
# Where a chart says how many pods there are, but for `replicas` or `replicaCount` beside or above the resources.
_COUNTS = {"traefik-release": ("deployment", "replicas"), "vault-release": ("server", "ha", "replicas")}
# Of both the controller and the node plugin (templates of the chart).
_SHARED = ("proxmox-csi-release", "livenessprobe")
# Containers that run before the others, and a hook of cert-manager's chart.
_PASSING = ("init", "startupapicheck")
STACKS = (SHIPPED, FIXTURES / "valid" / "every-key.yaml", FIXTURES / "valid" / "services-off.yaml")


def requests(recording: Recording) -> Iterator[tuple[str, ValuePath, int, int]]:
    """Resource, place, MiB and number of pods of everything that runs for good."""
    for one in recording.resources:
        if one.type.endswith(("Job", "Pod")):
            continue
        inputs = one.inputs.get("values", one.inputs)
        for path, value in walk(inputs):
            lasting = not any(part in str(step).lower() for step in path for part in _PASSING)
            if path[-2:] == ("requests", "memory") and lasting:
                yield one.name, path, mebibytes(value), _pods(one.name, inputs, path)


def _pods(name: str, inputs: Mapping[str, Any], path: ValuePath) -> int:
    counted = _at(inputs, _COUNTS[name]) if name in _COUNTS else None
    for depth in range(len(path), -1, -1):
        around = _at(inputs, path[:depth])
        if counted is None and isinstance(around, Mapping):
            counted = next((around[key] for key in ("replicas", "replicaCount", "instances") if key in around), None)
    return int(counted or 1)


def _at(value: Any, path: ValuePath) -> Any:
    for part in path:
        if isinstance(value, list) and isinstance(part, int):
            value = value[part]
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


@pytest.mark.parametrize("stack", [*STACKS, profile_file("ha")], ids=lambda path: path.stem)
def test_the_figures_are_what_the_program_asks_for(stack: Path) -> None:
    recording, settings = record_program(preview=False, stack_file=stack), load_stack_file(stack)
    every_node = cluster = 0
    assert settings.talos is not None, "its machines are counted"
    nodes = len(settings.talos.workload_nodes)
    for name, path, size, count in requests(recording):
        if (name, path[0]) in _ON_EVERY_NODE or (name, path[0]) == _SHARED:
            every_node += size
        if (name, path[0]) not in _ON_EVERY_NODE:
            cluster += size * (nodes if path[0] == "prometheus-node-exporter" else count)
    cluster += sum(sum(_BY_CHART.get(one.name, ())) for one in recording.resources)
    assert every_node == footprint.EVERY_NODE, "agents"
    assert cluster == footprint.requests(settings, nodes) - footprint.jobs(settings), "a figure in footprint.py is old"


def test_a_pod_that_the_program_describes_is_limited_to_what_it_asks_for() -> None:
    recording = record_program(preview=False)
    found = {one.name: one.inputs.get("values", one.inputs) for one in recording.resources}
    beyond = {
        (name, path[0])
        for name, path, size, _ in requests(recording)
        if mebibytes(_at(found[name], (*path[:-2], "limits", "memory"))) != size
    }
    assert beyond == {("cilium-release", "resources")}, "limits are not summed, so each is a request that is"
