"""What a new stack file is made of: how much there is of everything, and in what sites differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much there is of everything; `nodes` counts control planes and workers, sizes are (cores, MiB, GiB)."""

    what: str
    nodes: tuple[int, int] = (0, 0)
    control_plane: tuple[int, int, int] = (0, 0, 0)
    worker: tuple[int, int, int] = (0, 0, 0)
    databases: int = 1
    vault: str = "standalone"
    authentik: int = 1

    @property
    def machines(self) -> bool:
        """Whether the program makes machines."""
        return self.nodes[0] > 0


PROFILES: Final[Mapping[str, Profile]] = {
    "small": Profile(what="one machine for everything", nodes=(1, 0), control_plane=(6, 20480, 60)),
    "standard": Profile(
        what="one control plane and two workers",
        nodes=(1, 2),
        control_plane=(2, 4096, 40),
        worker=(4, 17408, 60),  # each holds everything while the other is away
        databases=2,
    ),
    "ha": Profile(
        what="three of everything that can be three",
        nodes=(3, 3),
        control_plane=(2, 4096, 40),
        worker=(4, 12288, 60),
        databases=3,
        vault="ha",
        authentik=2,
    ),
    "existing": Profile(what="a Kubernetes cluster that is already there", databases=2),
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """In what sites differ.

    Attributes:
        first: First of the free addresses; those of the API, the load balancers and the nodes follow each other.
        hosts: Proxmox nodes, which the machines are spread over.
        git: Repository that Flux applies; empty for none.
        context: Context of the kubeconfig of an existing cluster.
    """

    stack: str
    profile: str
    domain: str
    nodes: IPv4Network
    gateway: IPv4Address
    first: IPv4Address
    username: str
    name: str
    email: str
    git: str = ""
    endpoint: str = ""
    insecure: bool = False
    hosts: Sequence[str] = ()
    bridge: str = "vmbr0"
    image_datastore: str = "local"
    vm_datastore: str = "local-lvm"
    csi_datastore: str = "local-lvm"
    first_vm_id: int = 1000
    context: str = ""
    storage_class: str = "proxmox"
    pods: str = "10.244.0.0/16"
    services: str = "10.96.0.0/12"
