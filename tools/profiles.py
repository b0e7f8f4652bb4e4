"""What a new stack file is made of: how much there is of everything, and in what sites differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Pool:
    """So many nodes of one size: cores, MiB of memory, GiB of disk."""

    nodes: int
    cores: int
    memory: int
    disk: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much there is of everything.

    Attributes:
        control_plane: The control planes; None where no machines are made.
        workers: Pools of workers by name.
        one_address: Whether all load balancers of an existing cluster have the same one, each Service its ports of it.
        guesses: Facts by name that are what they are wherever somebody follows docs/try-locally.md.
    """

    what: str
    control_plane: Pool | None = None
    workers: Mapping[str, Pool] = field(default_factory=dict)
    databases: int = 1
    vault: str = "standalone"
    authentik: int = 1
    one_address: bool = False
    guesses: Mapping[str, str] = field(default_factory=dict)

    @property
    def machines(self) -> bool:
        """Whether the program makes machines."""
        return self.control_plane is not None


PROFILES: Final[Mapping[str, Profile]] = {
    "small": Profile(what="one machine for everything", control_plane=Pool(nodes=1, cores=6, memory=20480, disk=60)),
    "standard": Profile(
        what="one control plane and two workers",
        control_plane=Pool(nodes=1, cores=2, memory=4096, disk=40),
        # Each holds everything while the other is away.
        workers={"default": Pool(nodes=2, cores=4, memory=17408, disk=60)},
        databases=2,
    ),
    "ha": Profile(
        what="three hosts, with a control plane and two workers on each",
        control_plane=Pool(nodes=3, cores=2, memory=4096, disk=40),
        # The platform runs on either; an application chooses by the label home-cluster/pool.
        workers={
            "platform": Pool(nodes=3, cores=4, memory=12288, disk=60),
            "applications": Pool(nodes=3, cores=4, memory=8192, disk=60),
        },
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
