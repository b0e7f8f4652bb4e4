"""Machine configuration of Talos that follows from a pool: labels, taints, volumes and their encryption.

Documents and fields: siderolabs/talos v1.13, pkg/machinery/config/types/block and types/v1alpha1.
"""

from collections.abc import Iterator
from typing import Any

from components.talos.config import Document, document, to_yaml
from settings.pools import POOL_LABEL, ControlPlanes, NodePool, taint_parts

SERIAL = "/dev/disk/by-id/virtio-"
"""What udev calls a disk on VirtIO, before its serial number; those of the CSI plugin are on SCSI."""


def pool_patches(key: str, pool: NodePool) -> list[str]:
    """The patches of every node of a pool, by its key below `talos`; each is YAML of one document."""
    registration = _control_plane(pool) if isinstance(pool, ControlPlanes) else _worker(key.partition(".")[2], pool)
    machine = {name: value for name, value in registration.items() if value}
    documents = [*([{"machine": machine}] if machine else []), *_system_volumes(pool), *_data_disks(pool)]
    return [to_yaml(one) for one in documents]


def _control_plane(pool: NodePool) -> Document:
    """Labels and taints, which Talos sets on the Node object as an administrator."""
    taints = {key: f"{value}:{effect}" if value else effect for key, value, effect in map(taint_parts, pool.taints)}
    return {"nodeLabels": dict(pool.labels), "nodeTaints": taints}


def _worker(name: str, pool: NodePool) -> Document:
    """Labels and taints, which Talos sets with the kubelet's own certificate (node_apply.go in
    internal/app/machined/pkg/controllers/k8s): NodeRestriction forbids every change of taints to that, and with it the
    whole request, labels included. With taints of its own a kubelet may only register its node.
    """
    taints = [
        {"key": key, "effect": effect, **({"value": value} if value else {})}
        for key, value, effect in map(taint_parts, pool.taints)
    ]
    return {
        "nodeLabels": {POOL_LABEL: name, **pool.labels},
        "kubelet": {"extraConfig": {"registerWithTaints": taints}} if taints else {},
    }


def _system_volumes(pool: NodePool) -> Iterator[Document]:
    """A key that is locked to STATE opens nothing once that is replaced, so the others are."""
    if pool.encryption is not None:
        yield document("VolumeConfig", name="STATE", encryption=_encryption(pool.encryption))
        yield document("VolumeConfig", name="EPHEMERAL", encryption=_encryption(pool.encryption, lockToState=True))


def _data_disks(pool: NodePool) -> Iterator[Document]:
    """One partition on each, which grows with its disk at boot."""
    encryption = {"encryption": _encryption(pool.encryption, lockToState=True)} if pool.encryption else {}
    for name in pool.data_disks:
        provisioning = {
            "diskSelector": {"match": f"'{SERIAL}{name}' in disk.symlinks"},
            "minSize": "1GiB",
            "grow": True,
        }
        yield document("UserVolumeConfig", name=name, provisioning=provisioning, **encryption)


def _encryption(key: str, **options: Any) -> Document:
    return {"provider": "luks2", "keys": [{"slot": 0, key: {}, **options}]}
