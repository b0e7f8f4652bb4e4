"""Backups of etcd: who may ask Talos for a snapshot, and which container of the CronJob has what."""

from typing import Any

import pytest
import yaml

from components.backup.etcd import NAME
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.objects import key_of, of_kind
from tests.support.pools import talos_of
from tests.support.program import record_program
from tests.support.recording import Recorded, Recording

STACK = FIXTURES / "valid" / "every-key.yaml"
SETTINGS = load_stack_file(STACK)
BACKUP = SETTINGS.backup
assert BACKUP is not None, "every key is there"
SCHEDULE, RETENTION_DAYS = BACKUP.schedules.etcd, BACKUP.retention_days


@pytest.fixture(scope="module")
def backed_up() -> Recording:
    return record_program(preview=False, stack_file=STACK)


@pytest.fixture(scope="module")
def job(backed_up: Recording) -> Recorded:
    return next(one for one in of_kind(backed_up, "CronJob") if key_of(one).name == NAME)


@pytest.fixture(scope="module")
def steps(job: Recorded) -> dict[str, dict[str, Any]]:
    """Containers in their order."""
    pod = job.get("spec", "jobTemplate", "spec", "template", "spec")
    return {one["name"]: one for one in [*pod["initContainers"], *pod["containers"]]}


def given(recording: Recording, kind: str) -> dict[str, Any]:
    """What configurations of that type give pods of the Talos API."""
    found: dict[str, Any] = {}
    for call in recording.calls:
        if call.token == "talos:machine/getConfiguration:getConfiguration" and call.arguments["machineType"] == kind:
            for patch in (one for text in call.arguments["configPatches"] for one in yaml.safe_load_all(text)):
                features = (patch.get("machine") or {}).get("features") or {}
                found |= features.get("kubernetesTalosAPIAccess") or {}
    return found


def test_every_account_of_talos_is_one_that_control_planes_allow(backed_up: Recording) -> None:
    allowed = given(backed_up, "controlplane")
    accounts = [one for one in of_kind(backed_up, "ServiceAccount") if key_of(one).group == "talos.dev"]
    assert allowed["enabled"] is True, "without it the kind is not served"
    assert accounts, "the backup has one"
    for one in accounts:
        assert one.get("metadata", "namespace") in allowed["allowedKubernetesNamespaces"], f"{one}: gets no Secret"
        assert set(one.get("spec", "roles")) <= set(allowed["allowedRoles"]), f"{one}: gets no Secret"
    assert allowed["allowedRoles"] == ["os:etcd:backup"], "a pod that may more could end the nodes"
    assert given(backed_up, "worker") == {}, "Talos refuses a worker with it"


def test_without_backups_no_pod_gets_at_talos(update: Recording) -> None:
    assert given(update, "controlplane") == {}, "nobody would use it"
    assert not [one for one in of_kind(update, "ServiceAccount") if key_of(one).group == "talos.dev"], "nor be refused"


def test_a_step_has_what_it_needs_and_no_more(steps: dict[str, dict[str, Any]]) -> None:
    mounts = {name: {one["name"] for one in step["volumeMounts"]} for name, step in steps.items()}
    assert list(steps) == ["snapshot", "encrypt", "upload"], "one after the other"
    assert [name for name in steps if "talos" in mounts[name]] == ["snapshot"], "who gets snapshots of etcd"
    assert [name for name in steps if "bundle" in mounts[name]] == ["snapshot", "encrypt"], "what is not encrypted yet"
    assert [name for name in steps if steps[name].get("envFrom")] == ["upload"], "who gets at the target"
    said = {one["name"]: one.get("value") for one in steps["upload"]["env"]}
    assert said["RETENTION_DAYS"] == str(RETENTION_DAYS)
    assert said["RCLONE_CONFIG_TARGET_FORCE_PATH_STYLE"] == "true", "buckets have no name in DNS everywhere"
    assert {"name": "RCLONE_CONFIG"} in steps["upload"]["env"], "the API server keeps no empty value"


def test_the_snapshot_is_taken_with_the_talosctl_of_the_nodes_from_whichever_answers(
    steps: dict[str, dict[str, Any]],
) -> None:
    snapshot, encrypt = steps["snapshot"], steps["encrypt"]
    assert snapshot["image"] == f"ghcr.io/siderolabs/talosctl:{talos_of(SETTINGS).version}", "one release for both"
    command = snapshot["command"]
    assert command[command.index("--nodes") + 1] == "127.0.0.1", "a node by name may be the one that is away"
    variables = {one["name"]: one["value"] for one in encrypt["env"]}
    assert command[-1] == f"{variables['DIRECTORY']}/{variables['FILES']}", "what the next step looks for"


def test_a_run_that_is_late_meets_no_other_and_ends(job: Recorded) -> None:
    assert job.get("spec", "schedule") == SCHEDULE, "as the stack file says"
    assert job.get("spec", "timeZone") == "Etc/UTC", "whatever the nodes think"
    assert job.get("spec", "concurrencyPolicy") == "Forbid", "two at once would both be slow"
    assert job.get("spec", "jobTemplate", "spec", "activeDeadlineSeconds") <= 3600, "the next one has to begin"


def test_the_pod_reaches_names_talos_and_the_target_alone(backed_up: Recording, job: Recorded) -> None:
    labels = job.get("spec", "jobTemplate", "spec", "template", "metadata", "labels")
    policy = next(one for one in of_kind(backed_up, "NetworkPolicy") if key_of(one).name == NAME)
    assert policy.get("spec", "podSelector", "matchLabels") == labels, "of this pod"
    assert policy.get("spec", "policyTypes") == ["Egress"], "nobody connects to it anyway"
    ports = [{port["port"] for port in rule["ports"]} for rule in policy.get("spec", "egress")]
    assert ports == [{53}, {3900}], "of the endpoint in the stack file"
    cilium = next(one for one in of_kind(backed_up, "CiliumNetworkPolicy") if key_of(one).name == f"{NAME}-talos")
    (rule,) = cilium.get("spec", "egress")
    assert cilium.get("spec", "endpointSelector", "matchLabels") == labels, "of this pod"
    assert rule["toEntities"] == ["host", "remote-node"], "no block of addresses matches a node under Cilium"
    assert rule["toPorts"][0]["ports"] == [{"port": "50000", "protocol": "TCP"}], "the API of Talos"
