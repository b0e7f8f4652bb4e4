"""Workloads that a small cluster can carry: safe pods, bounded memory, one writer for a volume, closed namespaces."""

from typing import Any

import pytest

from lab.providers.kubernetes import admission
from lab.providers.kubernetes.charted import keeps
from lab.providers.kubernetes.charts import CHARTS
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.engine import Recorded, Recording
from tests.support.objects import containers, key_of, namespace_of, objects, of_kind, pods, releases
from tests.support.profiles import profile_file
from tests.support.program import record_program
from tests.support.validation import built_in, refusals
from tests.support.wire import UNKNOWN, walk

_LEVELS = ("restricted", "baseline", "privileged")
_SYSTEM = "kube-system"

# Namespaces that do not enforce the restricted standard, each for its reason.
_LOWERED = {
    "csi-proxmox": ("privileged", "the node plugin mounts volumes on the host"),
}


def _levels(recording: Recording) -> dict[str, str]:
    made = of_kind(recording, "Namespace")
    return {key_of(one).name: one.get("metadata", "labels", admission.LABEL) for one in made}


def test_every_namespace_enforces_a_pod_security_standard(program: Recording) -> None:
    levels = _levels(program)
    assert len(levels) >= 10, "the program makes namespaces"
    assert [name for name, level in levels.items() if level not in _LEVELS] == [], "the admission plugin knows three"


def test_a_namespace_that_is_not_restricted_has_a_reason(program: Recording) -> None:
    lowered = {name: level for name, level in _levels(program).items() if level != "restricted"}
    assert lowered == {name: level for name, (level, _) in _LOWERED.items()}, "say in _LOWERED why one is lowered"


@pytest.mark.failure("pod-that-is-not-admitted")
def test_every_pod_is_admitted_by_its_namespace(program: Recording) -> None:
    levels = _levels(program) | {_SYSTEM: "privileged"}
    refused = [
        f"{one}: {violation}"
        for one, pod in pods(program)
        for violation in admission.violations(pod, levels[namespace_of(one)])
    ]
    assert refused == [], "admission would refuse the pod, and the Job or Deployment would wait for ever"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hostNetwork": True}, "host namespaces"),
        ({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}, "hostPath"),
        ({"securityContext": {}}, "runAsNonRoot"),
    ],
)
def test_a_pod_that_breaks_the_standard_is_noticed(update: Recording, change: dict[str, Any], told: str) -> None:
    _, pod = next((one, pod) for one, pod in pods(update) if namespace_of(one) == "gitea")
    assert any(told in violation for violation in admission.violations(pod | change, "restricted")), (
        "the check can fail"
    )


def test_pods_of_the_program_in_the_system_namespace_are_restricted_all_the_same(program: Recording) -> None:
    own = [(one, pod) for one, pod in pods(program) if namespace_of(one) == _SYSTEM]
    assert own, "DNS and the gates of the cluster run there"
    refused = [f"{one}: {violation}" for one, pod in own for violation in admission.violations(pod, "restricted")]
    assert refused == [], "no label enforces it there, so this test does"


def test_every_container_requests_what_it_needs_and_is_bounded_in_memory(program: Recording) -> None:
    unbounded = []
    for one, pod in pods(program):
        for container in containers(pod):
            resources = container.get("resources", {})
            wanted = {"requests": {"cpu", "memory"}, "limits": {"memory"}}
            if any(not names <= set(resources.get(part, ())) for part, names in wanted.items()):
                unbounded.append(f"{one}: {container['name']}")
            if "cpu" in resources.get("limits", ()):
                unbounded.append(f"{one}: {container['name']} is throttled although the node may be idle")
    assert unbounded == [], "one pod without a limit can take a node down"


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


def test_a_deployment_of_the_program_with_a_volume_stops_the_old_pod_first(program: Recording) -> None:
    rolling = [
        str(one)
        for one, pod in pods(program)
        if one.get("kind") == "Deployment"
        and any("persistentVolumeClaim" in volume for volume in pod.get("volumes", ()))
        and one.get("spec", "strategy", "type") != "Recreate"
    ]
    assert rolling == [], "a volume of one writer cannot be mounted twice"


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


def test_every_namespace_of_the_program_refuses_connections_by_default(program: Recording) -> None:
    shut = {
        key_of(one).namespace
        for one in of_kind(program, "NetworkPolicy")
        if one.get("spec", "podSelector") == {} and "Ingress" in one.get("spec", "policyTypes")
    }
    assert {key_of(one).name for one in of_kind(program, "Namespace")} <= shut, "what is not named may not connect"


def test_every_built_in_object_is_one_that_the_api_server_accepts(update: Recording) -> None:
    found = built_in(objects(update))
    assert len(found) > 60, "the program creates built-in kinds"
    assert list(refusals(found)) == [], "strict validation of the shipped release"


def test_every_workload_of_the_program_has_a_probe(program: Recording) -> None:
    blind = [
        f"{one}: {container['name']}"
        for one, pod in pods(program)
        if one.get("kind") in ("Deployment", "StatefulSet", "DaemonSet")
        for container in pod["containers"]
        if "readinessProbe" not in container
    ]
    assert blind == [], "it would count as ready before it answers"


def test_jobs_end(program: Recording) -> None:
    endless = [str(one) for one in of_kind(program, "Job") if not one.get("spec", "activeDeadlineSeconds")]
    assert endless == [], "a gate that never gives up tells nobody what is wrong"
    for one in of_kind(program, "Job"):
        deadline = one.get("spec", "activeDeadlineSeconds")
        assert int(one.timeouts["create"].removesuffix("s")) > deadline, f"{one}: its own message comes first"


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
