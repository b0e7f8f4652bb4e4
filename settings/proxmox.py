"""Section `proxmox` of the stack file: where machines run, and what its hosts have for them."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from settings import rules
from settings.pools import Node, NodePool
from settings.types import Datastore, Name, PciMapping, ProxmoxNode, Strict, TokenId, WebUrl

HOST_MEMORY = 2048
"""MiB that Proxmox VE itself needs, as its system requirements name them."""
_ARC_SHARE, _ARC_MOST = 10, 16_384
"""Part of the memory, and most MiB, that the cache of ZFS takes where Proxmox VE 8.1 or later was installed."""


class Host(Strict):
    """What a Proxmox host has; its machines are checked against it before anything is made."""

    memory: int = Field(ge=4096, le=67_108_864, description="Memory in MiB.")
    cores: int = Field(ge=2, le=8192, description="Threads of its processors, as Proxmox counts CPUs.")
    storage: int = Field(ge=1, le=1_048_576, description="GiB of `proxmox.vmDatastore` on it that may be used.")
    reserved: int | None = Field(
        default=None,
        ge=HOST_MEMORY,
        description="Memory in MiB for the host itself and its other guests; when omitted 2048, and a tenth of its "
        "memory, at most 16384, for the cache of ZFS.",
    )
    pci_devices: dict[PciMapping, int] = Field(
        default_factory=dict, description="How many of its devices each PCI mapping of Proxmox names."
    )

    @property
    def kept(self) -> int:
        """MiB that no machine may have."""
        return self.reserved if self.reserved is not None else HOST_MEMORY + min(self.memory // _ARC_SHARE, _ARC_MOST)


class Csi(Strict):
    """Volumes from Proxmox storage."""

    datastore: Annotated[Datastore, rules.STORAGE_CLASS] = Field(
        description="Proxmox storage that holds the volumes; content type Disk image."
    )
    token_id: TokenId = Field(description="API token of the CSI plugin; its secret is `proxmoxCsiTokenSecret`.")


class ProxmoxSettings(Strict):
    """The Proxmox VE cluster, given unless `cluster.existing` is; its API token is the secret `proxmoxApiToken`."""

    endpoint: WebUrl = Field(description="URL of the API without /api2/json.")
    insecure: bool = Field(default=False, description="Accept a certificate that no known CA signed.")
    region: Annotated[Name, rules.REGION] = Field(
        description="Topology region of the nodes: the name of the Proxmox cluster."
    )
    image_datastore: Datastore = Field(description="Storage for the Talos image; must allow the content type Import.")
    vm_datastore: Annotated[Datastore, rules.MACHINE_DISKS] = Field(
        description="Storage for the disks of the VMs; content type Disk image."
    )
    csi: Csi
    hosts: dict[ProxmoxNode, Host] = Field(
        default_factory=dict, description="What hosts have; machines on one that does not stand here are not checked."
    )


def machines_on(host: str, pools: dict[str, NodePool]) -> Iterator[tuple[str, NodePool, Node]]:
    """Key of the pool, pool and node of every machine on a host."""
    yield from ((key, pool, node) for key, pool in pools.items() for node in pool.nodes if node.host == host)


def disks(pool: NodePool, storage: str, default: str) -> int:
    """GiB that a node of a pool takes of a storage; `default` is that of disks without their own."""
    sizes = [(default, pool.disk), *((one.datastore or default, one.size) for one in pool.data_disks.values())]
    return sum(size for where, size in sizes if where == storage)
