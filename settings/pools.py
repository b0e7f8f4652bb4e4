"""Pools of nodes: machines of one size that are configured alike."""

from typing import Annotated

from pydantic import Field

from settings import rules
from settings.types import Address, Name, ProxmoxNode, Strict, VmId


class Node(Strict):
    """One virtual machine, identified by its name and never by its place in the list."""

    name: Name = Field(description="Host name.")
    vm_id: Annotated[VmId, rules.NODE] = Field(
        description="VM id, unique in the Proxmox cluster; the MAC address follows from it."
    )
    address: Annotated[Address, rules.NODE] = Field(description="Static address in the node network.")
    host: Annotated[ProxmoxNode, rules.NODE] = Field(description="Proxmox node that runs it; also its topology zone.")


class NodePool(Strict):
    """Nodes of one size."""

    cores: int = Field(ge=2, le=1024, description="Virtual CPUs of each node.")
    memory: int = Field(ge=2048, le=8_388_608, description="Memory of each node in MiB; never ballooned.")
    disk: Annotated[int, rules.SYSTEM_DISK] = Field(ge=10, le=65_536, description="System disk of each node in GiB.")
    nodes: tuple[Node, ...] = Field(description="The nodes.")


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
