"""Pools of nodes: machines of one size that are configured alike."""

from typing import Annotated, Literal

from pydantic import Field

from settings import rules
from settings.types import (
    Address,
    DataDiskName,
    Datastore,
    Extension,
    LabelKey,
    LabelValue,
    Name,
    PciMapping,
    ProxmoxNode,
    Strict,
    Taint,
    VmId,
)

POOL_LABEL = "home-cluster/pool"
"""Label of workers with the name of their pool."""


def taint_parts(taint: str) -> tuple[str, str, str]:
    """Key, value (maybe empty) and effect of `key=value:effect`."""
    named, _, effect = taint.rpartition(":")
    key, _, value = named.partition("=")
    return key, value, effect


class Node(Strict):
    """One virtual machine, identified by its name and never by its place in the list."""

    name: Name = Field(description="Host name.")
    vm_id: Annotated[VmId, rules.NODE] = Field(
        description="VM id, unique in the Proxmox cluster; the MAC address follows from it."
    )
    address: Annotated[Address, rules.NODE] = Field(description="Static address in the node network.")
    host: Annotated[ProxmoxNode, rules.NODE] = Field(description="Proxmox node that runs it; also its topology zone.")


class DataDisk(Strict):
    """A disk of a node beside that of the system, for pods that mount a path of their node."""

    size: Annotated[int, rules.DATA_DISK] = Field(ge=2, le=65_536, description="Size in GiB.")
    datastore: Datastore | None = Field(default=None, description="Storage; `proxmox.vmDatastore` when omitted.")


class NodePool(Strict):
    """Nodes of one size."""

    cores: int = Field(ge=2, le=1024, description="Virtual CPUs of each node.")
    memory: int = Field(ge=2048, le=8_388_608, description="Memory of each node in MiB; never ballooned.")
    disk: Annotated[int, rules.SYSTEM_DISK] = Field(ge=10, le=65_536, description="System disk of each node in GiB.")
    data_disks: dict[DataDiskName, DataDisk] = Field(
        default_factory=dict, max_length=16, description="Further disks of each node, mounted at `/var/mnt/<name>`."
    )
    encryption: Annotated[Literal["nodeID", "tpm"] | None, rules.ENCRYPTION] = Field(
        default=None,
        description="Encrypt the disks of each node with a key from the id of its VM, or with one that a TPM of the VM "
        "holds, which takes the image for Secure Boot.",
    )
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict, description="Labels of each node in Kubernetes.")
    taints: tuple[Taint, ...] = Field(
        default=(), description="Taints of each node in Kubernetes; the platform runs on nodes without."
    )
    extensions: tuple[Extension, ...] = Field(
        default=(), description="System extensions beside those of `talos.extensions`."
    )
    pci_devices: tuple[PciMapping, ...] = Field(
        default=(), max_length=16, description="PCI devices of each node, by resource mappings of Proxmox."
    )
    nodes: tuple[Node, ...] = Field(description="The nodes.")

    @property
    def is_reserved(self) -> bool:
        """Whether a taint keeps the pods of the platform away."""
        return any(not one.endswith(":PreferNoSchedule") for one in self.taints)


class WorkerPool(NodePool):
    """Nodes that run no control plane."""

    taints: Annotated[tuple[Taint, ...], rules.WORKER_TAINTS] = Field(
        default=(), description="Taints of each node in Kubernetes; the platform runs on nodes without."
    )


class ControlPlanes(NodePool):
    """Nodes that run the control plane."""

    schedulable: bool | None = Field(
        default=None,
        description="Whether they run what workers would, and answer for load balancers; only without workers, "
        "unless told.",
    )
    replacing: Name | None = Field(
        default=None,
        description="A control plane that is away while it is replaced; it counts as one of the odd number.",
    )
