"""What a new stack file is made of: how much there is of everything, and in what sites differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much there is of everything; `nodes` counts control planes and workers, sizes are (cores, MiB, GiB).

    Attributes:
        one_address: Whether all load balancers of an existing cluster have the same one, each Service its ports of it.
        guesses: Facts by name that are what they are wherever somebody follows docs/try-locally.md.
    """

    what: str
    nodes: tuple[int, int] = (0, 0)
    control_plane: tuple[int, int, int] = (0, 0, 0)
    worker: tuple[int, int, int] = (0, 0, 0)
    databases: int = 1
    vault: str = "standalone"
    authentik: int = 1
    one_address: bool = False
    guesses: Mapping[str, str] = field(default_factory=dict)

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
    "local": Profile(
        what="one node of k3d on the machine in front of you",
        one_address=True,
        guesses={
            "domain": "172-28-0-3.sslip.io",
            "first": "172.28.0.3",
            "context": "k3d-home-cluster",
            "storage_class": "local-path",
            "pods": "10.42.0.0/16",
            "services": "10.43.0.0/16",
        },
    ),
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """In what sites differ.

    Attributes:
        first: First of the free addresses; those of the API, the load balancers and the nodes follow each other, of an
            existing cluster those of the load balancers.
        hosts: Proxmox nodes, which the machines are spread over.
        git: Repository that Flux applies; empty for none.
        context: Context of the kubeconfig of an existing cluster.
        address_annotation: Annotation by which its load balancers are asked for an address; empty: they are not.
    """

    stack: str
    profile: str
    domain: str
    first: IPv4Address
    username: str
    name: str
    email: str
    nodes: IPv4Network | None = None
    gateway: IPv4Address | None = None
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
    address_annotation: str = ""
    storage_class: str = "proxmox"
    pods: str = "10.244.0.0/16"
    services: str = "10.96.0.0/12"
