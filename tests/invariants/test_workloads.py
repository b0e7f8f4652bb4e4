"""Workloads that a small cluster can carry: safe pods, bounded memory, one writer for a volume, closed namespaces."""

from typing import Any

import pytest

from lab.providers.kubernetes import admission
from lab.providers.kubernetes.charted import keeps
from lab.providers.kubernetes.charts import CHARTS
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.engine import Recorded, Recording
from tests.support.objects import key_of, objects, of_kind, releases
from tests.support.profiles import profile_file
from tests.support.program import record_program
from tests.support.validation import built_in, refusals
from tests.support.wire import UNKNOWN, walk

# Namespaces that do not enforce the restricted standard, each for its reason.
_LOWERED = {
    "csi-proxmox": ("privileged", "the node plugin mounts volumes on the host"),
}


def _levels(recording: Recording) -> dict[str, str]:
    made = of_kind(recording, "Namespace")
    return {key_of(one).name: one.get("metadata", "labels", admission.LABEL) for one in made}


def test_a_namespace_that_is_not_restricted_has_a_reason(program: Recording) -> None:
    lowered = {name: level for name, level in _levels(program).items() if level != "restricted"}
    assert lowered == {name: level for name, (level, _) in _LOWERED.items()}, "say in _LOWERED why one is lowered"


def test_every_release_says_what_its_main_workload_may_use(program: Recording) -> None:
    silent = [
        str(one)
        for one in releases(program)
        if _chart(one) not in _BOUNDED_BY_CHART
        and not any("resources" in str(path).lower() and path[-1] == "memory" for path, _ in walk(one.get("values")))
    ]
    assert silent == [], "the scheduler would place it anywhere"


_BOUNDED_BY_CHART = {"matrix-stack": "its values give requests and a limit of memory to each workload"}


@pytest.mark.failure("definition-goes-with-its-release")
def test_no_definition_goes_with_its_release(program: Recording) -> None:
    going = [
        str(one)
        for one in releases(program)
        if CHARTS[_chart(one)].groups and not keeps(CHARTS[_chart(one)], one.get("values"))
    ]
    assert going == [], "every object of these kinds would go too"


# How each chart with a volume of one writer replaces its pods.
_REPLACEMENT: dict[str, tuple[str | int, ...] | str] = {
    "gitea": ("strategy", "type"),
    "harbor": ("updateStrategy", "type"),
    "valkey": ("deploymentStrategy",),
    "vault": "a StatefulSet, which stops a pod before it starts the next",
    "matrix-stack": "Synapse is a StatefulSet; nothing else of the chart has a volume",
}
_VOLUME_KEYS = {"persistence", "dataStorage", "auditStorage", "storage", "media"}


def _chart(one: Recorded) -> str:
    return str(one.get("chart")).rsplit("/", maxsplit=1)[-1]


@pytest.mark.failure("volume-of-one-writer")
def test_a_release_with_a_volume_of_one_writer_stops_the_old_pod_first(program: Recording) -> None:
    checked = set()
    for one in releases(program):
        sized = [
            path
            for path, _ in walk(one.get("values"))
            if path[-1] in ("size", "requestedSize") and _VOLUME_KEYS & set(map(str, path))
        ]
        if not sized:
            continue
        how = _REPLACEMENT.get(_chart(one))
        assert how is not None, f"{one} has a volume at {sized[0]}: say how it replaces its pods"
        checked.add(_chart(one))
        if isinstance(how, tuple):
            assert one.get("values", *how) == "Recreate", f"{one}: the new pod would wait for the volume of the old"
    assert checked == set(_REPLACEMENT), "a row that no release needs"


def test_every_volume_names_its_storage_class(program: Recording) -> None:
    wanted = load_stack_file(SHIPPED).storage.class_name
    claims = [one.get("spec", "storage", "storageClass") for one in of_kind(program, "Cluster")]
    for one in of_kind(program, "StatefulSet"):
        claims += [claim["spec"]["storageClassName"] for claim in one.get("spec", "volumeClaimTemplates") or ()]
    for one in releases(program):
        keys = ("storageClass", "storageClassName", "className")
        claims += [
            value
            for path, value in walk(one.get("values"))
            if path[-1] in keys and _VOLUME_KEYS & set(map(str, path)) and isinstance(value, str)
        ]
    assert len(claims) >= 5, "the walk finds volumes"
    assert {claim for claim in claims if claim is not UNKNOWN} == {wanted}, "the default of a cluster may change"


def test_every_built_in_object_is_one_that_the_api_server_accepts(update: Recording) -> None:
    found = built_in(objects(update))
    assert len(found) > 60, "the program creates built-in kinds"
    assert list(refusals(found)) == [], "strict validation of the shipped release"


def test_the_only_node_can_be_drained() -> None:
    """By hand, or by Talos before it shuts down: a budget that never lets the last pod go holds it up for ever."""
    recording = record_program(preview=False, stack_file=profile_file("small"))
    several, held = [], []
    for one in recording.resources:
        for path, value in walk(one.inputs):
            where = f"{one.name}: {'.'.join(map(str, path))}"
            if path[-1] in ("replicas", "replicaCount", "instances") and value != 1:
                several.append(where)
            if path[-1] == "minAvailable" or (path[-1] == "enabled" and value and _is_budget(path)):
                budget = one.get(*path[:-1])
                held += [where] if "minAvailable" in budget or budget.get("maxUnavailable") != 1 else []
    assert several == [], "the second of two would stand on the same node"
    assert held == [], "by default charts want one to stay"


def _is_budget(path: tuple[Any, ...]) -> bool:
    return len(path) > 1 and str(path[-2]).lower() in ("poddisruptionbudget", "disruptionbudget", "pdb")
