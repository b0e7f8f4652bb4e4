"""What a pool adds to the configuration of its nodes."""

from typing import Any

import pytest
import yaml

from components.talos.pool import pool_patches
from settings.pools import ControlPlanes, NodePool, WorkerPool

SIZE: dict[str, Any] = {"cores": 2, "memory": 4096, "disk": 20, "nodes": ()}
TAINTS = ("example.com/gpu=present:NoSchedule", "slow:PreferNoSchedule")


def documents(pool: NodePool, key: str = "workers.gpu") -> list[dict[str, Any]]:
    return [one for text in pool_patches(key, pool) for one in yaml.safe_load_all(text)]


def test_a_plain_pool_changes_no_control_plane_and_names_its_workers() -> None:
    assert documents(ControlPlanes(**SIZE), "controlPlane") == [], "nothing that Talos would not do anyway"
    assert documents(WorkerPool(**SIZE)) == [{"machine": {"nodeLabels": {"home-cluster/pool": "gpu"}}}], "by name"


def test_a_worker_registers_with_its_taints_since_it_may_not_set_them_later() -> None:
    (told,) = documents(WorkerPool(**SIZE, taints=TAINTS, labels={"disk": "fast"}))
    assert told["machine"] == {
        "nodeLabels": {"home-cluster/pool": "gpu", "disk": "fast"},
        "kubelet": {
            "extraConfig": {
                "registerWithTaints": [
                    {"key": "example.com/gpu", "value": "present", "effect": "NoSchedule"},
                    {"key": "slow", "effect": "PreferNoSchedule"},
                ]
            }
        },
    }, "with nodeTaints NodeRestriction would refuse the labels as well"


def test_a_control_plane_has_its_taints_from_talos() -> None:
    (told,) = documents(ControlPlanes(**SIZE, taints=TAINTS, labels={"disk": "fast"}), "controlPlane")
    taints = {"example.com/gpu": "present:NoSchedule", "slow": "PreferNoSchedule"}
    assert told["machine"] == {"nodeLabels": {"disk": "fast"}, "nodeTaints": taints}, "and may have others later"


@pytest.mark.parametrize("kind", ["nodeID", "tpm"])
def test_every_volume_of_an_encrypted_pool_is_encrypted_and_all_but_state_is_locked_to_it(kind: str) -> None:
    pool = WorkerPool.model_validate({**SIZE, "encryption": kind, "dataDisks": {"scratch": {"size": 5}}})
    volumes = {one["name"]: one for one in documents(pool)[1:]}
    assert {name: one["kind"] for name, one in volumes.items()} == {
        "STATE": "VolumeConfig",
        "EPHEMERAL": "VolumeConfig",
        "scratch": "UserVolumeConfig",
    }, "no data lies beside"
    for name, one in volumes.items():
        assert one["encryption"]["provider"] == "luks2", name
        (key,) = one["encryption"]["keys"]
        assert key.pop("lockToState", False) == (name != "STATE"), f"{name}: Talos refuses it on STATE"
        assert key == {"slot": 0, kind: {}}, name


def test_a_data_disk_is_found_by_its_serial_number_and_filled_by_its_volume() -> None:
    pool = WorkerPool.model_validate({**SIZE, "dataDisks": {"scratch": {"size": 5}}})
    (_, volume) = documents(pool)
    assert volume == {
        "apiVersion": "v1alpha1",
        "kind": "UserVolumeConfig",
        "name": "scratch",
        "provisioning": {
            "diskSelector": {"match": "'/dev/disk/by-id/virtio-scratch' in disk.symlinks"},
            "minSize": "1GiB",
            "grow": True,
        },
    }, "any other selector might take a volume of the CSI plugin"
