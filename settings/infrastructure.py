"""Sections of the stack file that describe machines and network."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import Field

from settings import rules
from settings.pools import ControlPlanes, Node, NodePool, WorkerPool, taint_parts
from settings.types import (
    Address,
    AnnotationKey,
    BootstrapEndpoint,
    Bridge,
    Certificates,
    ChartMirror,
    Cidr,
    ClusterEndpoint,
    ExactVersion,
    Extension,
    Hostname,
    MinorVersion,
    Name,
    ObjectName,
    Quantity,
    Server,
    Strict,
    Text,
    WebUrl,
)

FACTORY = "factory.talos.dev"
"""Image Factory of Sidero Labs."""


class ExistingCluster(Strict):
    """A conformant Kubernetes cluster that is already there; its kubeconfig is the secret `kubeconfig`."""

    context: Text = Field(description="Context of the kubeconfig to use.")
    address_annotation: AnnotationKey | None = Field(
        default=None,
        description="Annotation by which a Service asks its load balancers for an address, such as "
        "metallb.io/loadBalancerIPs, kube-vip.io/loadbalancerIPs or lbipam.cilium.io/ips; without one, "
        "network.loadBalancers says what they give by themselves.",
    )


class ClusterSettings(Strict):
    """Identity of the cluster."""

    name: Annotated[Name, rules.CLUSTER_NAME] = Field(
        description="Name of the Talos cluster and of its Kubernetes context."
    )
    domain: Hostname = Field(description="Domain under which every service has its host.")
    existing: Annotated[ExistingCluster | None, rules.EXISTING] = Field(
        default=None, description="Use this cluster and skip Proxmox, Talos, Cilium, CoreDNS and Proxmox CSI."
    )


class LoadBalancers(Strict):
    """Addresses of Services: of Cilium's pool on the node network, each kept for its Service, or those that an existing
    cluster gives them.
    """

    first: Address | None = Field(default=None, description="First address of Cilium's pool.")
    last: Address | None = Field(default=None, description="Last address of Cilium's pool.")
    ingress: Address = Field(description="Traefik: every HTTPS host resolves to it.")
    vault: Address = Field(description="Vault's API, reached by this program before any DNS exists.")
    git_ssh: Address = Field(description="Gitea's SSH.")
    dns: Address | None = Field(default=None, description="Nameservers of the LAN; needed with the section dns.")
    dns_internet: Address | None = Field(
        default=None, description="Where secondaries get what they tell the internet; needed where a zone has an edge."
    )


@dataclass(frozen=True, kw_only=True)
class NodeNetwork:
    """The network of the nodes that this program makes, as NetworkSettings describes it; `pool` is Cilium's."""

    nodes: IPv4Network
    gateway: IPv4Address
    resolvers: tuple[IPv4Address, ...]
    time_servers: tuple[str, ...]
    internet: bool
    bridge: str
    vlan: int | None
    pods: IPv4Network
    services: IPv4Network
    vip: IPv4Address
    load_balancers: LoadBalancers
    pool: tuple[IPv4Address, IPv4Address]

    @property
    def cluster_endpoint(self) -> ClusterEndpoint:
        return ClusterEndpoint(self.vip)

    @property
    def cluster_dns(self) -> IPv4Address:
        """ClusterIP of kube-dns: the tenth address of the service network, as Talos gives it to the kubelet."""
        return self.services[10]


class NetworkSettings(Strict):
    """The network of nodes, pods and services. Of an existing cluster nothing is asked but `pods`, `services` and
    `loadBalancers`, without the ends of its pool.
    """

    nodes: Annotated[Cidr | None, rules.NODE_NETWORK] = Field(
        default=None, description="Network of nodes, VIP and load balancers."
    )
    gateway: Address | None = Field(default=None, description="Default gateway of the nodes.")
    resolvers: tuple[Address, ...] = Field(
        default=(), min_length=1, description="DNS servers for names outside the domain."
    )
    time_servers: tuple[Server, ...] = Field(
        default=(),
        description="NTP servers of the nodes, as names or addresses, without which etcd and kubelets do not start; "
        "time.cloudflare.com when empty.",
    )
    internet: bool = Field(
        default=True,
        description="Whether the site reaches the internet. Without it nothing is asked but the mirrors of this file, "
        "which must then stand for everything (docs/offline.md).",
    )
    bridge: Bridge | None = Field(default=None, description="Proxmox bridge the VMs are attached to.")
    vlan: int | None = Field(default=None, ge=1, le=4094, description="VLAN tag on that bridge; none when omitted.")
    pods: Annotated[Cidr, rules.POD_NETWORK] = Field(description="Network of pods.")
    services: Annotated[Cidr, rules.SERVICE_NETWORK] = Field(description="Network of ClusterIP services.")
    vip: Annotated[Address | None, rules.ENDPOINT] = Field(
        default=None, description="Virtual address of the Kubernetes API, held by one control plane."
    )
    load_balancers: LoadBalancers

    @property
    def own(self) -> dict[str, Any]:
        """What is asked for machines of this program alone, by its key below `network`; None or empty when missing."""
        ends = {f"loadBalancers.{end}": getattr(self.load_balancers, end) for end in ("first", "last")}
        return {key: getattr(self, key) for key in ("nodes", "gateway", "resolvers", "bridge", "vip")} | ends

    @property
    def of_nodes(self) -> NodeNetwork:
        """The same for the machines of this program.

        Raises:
            ValueError: when something is missing, which the checks of the stack file refuse by name.
        """
        first, last = self.load_balancers.first, self.load_balancers.last
        if not (self.nodes and self.gateway and self.bridge and self.vip and first and last):
            raise ValueError(f"network: has no {', '.join(key for key, value in self.own.items() if not value)}")
        return NodeNetwork(
            nodes=self.nodes,
            gateway=self.gateway,
            resolvers=self.resolvers,
            time_servers=self.time_servers,
            internet=self.internet,
            bridge=self.bridge,
            vlan=self.vlan,
            pods=self.pods,
            services=self.services,
            vip=self.vip,
            load_balancers=self.load_balancers,
            pool=(first, last),
        )


class TalosSettings(Strict):
    """The operating system and its Kubernetes, given unless `cluster.existing` is."""

    version: Annotated[ExactVersion, rules.TALOS] = Field(
        description="Talos release; another one is rolled out node by node (docs/upgrades.md)."
    )
    version_contract: Annotated[MinorVersion, rules.CONTRACT] = Field(
        description="Release whose configuration format is used: that of the cluster's birth."
    )
    kubernetes_version: Annotated[ExactVersion, rules.KUBERNETES] = Field(
        description="Kubernetes release; another one is rolled out node by node (docs/upgrades.md)."
    )
    factory: Hostname = Field(default=FACTORY, description="Image Factory.")
    extensions: tuple[Extension, ...] = Field(
        default=("siderolabs/qemu-guest-agent",), description="Official system extensions in the image."
    )
    registry_mirrors: dict[Hostname, Annotated[tuple[WebUrl, ...], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Mirrors for each image registry; the registry itself stays the fallback where there is "
        "network.internet.",
    )
    trusted_roots: dict[Name, Certificates] = Field(
        default_factory=dict,
        description="Certificate authorities that the nodes trust besides the usual ones, by a name of your choice: "
        "those of mirrors and of the factory.",
    )
    cluster_roles: dict[Name, Name] = Field(
        default_factory=dict,
        description="ClusterRole of each group that uses the Kubernetes API with its Authentik login; empty: no login.",
    )
    control_plane: ControlPlanes = Field(description="Nodes that run the control plane: an odd number.")
    workers: dict[Name, WorkerPool] = Field(
        default_factory=dict,
        description="Pools of nodes that run everything else, by name; without any node, the control planes do.",
    )

    @property
    def worker_nodes(self) -> tuple[Node, ...]:
        return tuple(node for pool in self.workers.values() for node in pool.nodes)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (*self.control_plane.nodes, *self.worker_nodes)

    @property
    def pools(self) -> dict[str, NodePool]:
        """Every pool by its key below `talos`, such as `workers.default`; the control planes come first."""
        return {"controlPlane": self.control_plane} | {f"workers.{name}": one for name, one in self.workers.items()}

    @property
    def schedulable(self) -> bool:
        """Whether control planes run what workers would."""
        wanted = self.control_plane.schedulable
        return not self.worker_nodes if wanted is None else wanted

    @property
    def workload_pools(self) -> dict[str, NodePool]:
        """Pools whose nodes run the platform, beside what the control plane is."""
        return {
            key: pool
            for key, pool in self.pools.items()
            if not pool.is_reserved and (key != "controlPlane" or self.schedulable)
        }

    @property
    def workload_nodes(self) -> tuple[Node, ...]:
        return tuple(node for pool in self.workload_pools.values() for node in pool.nodes)

    @property
    def worker_taints(self) -> tuple[str, ...]:
        """Keys of the taints of workers."""
        return tuple(sorted({taint_parts(one)[0] for pool in self.workers.values() for one in pool.taints}))

    @property
    def bootstrap_endpoint(self) -> BootstrapEndpoint:
        return BootstrapEndpoint(self.control_plane.nodes[0].address)


class StorageSettings(Strict):
    """The default StorageClass of every volume."""

    class_name: Annotated[ObjectName, rules.STORAGE_CLASS] = Field(
        description="StorageClass; created on Proxmox, expected on an existing cluster."
    )
    reclaim_policy: Annotated[Literal["Retain", "Delete"], rules.STORAGE_CLASS] = Field(
        default="Retain", description="What happens to a volume whose claim is gone."
    )
    probe_size: Quantity = Field(default="1Gi", description="Volume that the readiness gate of the cluster binds.")


class ChartsSettings(Strict):
    """Where Helm charts come from."""

    mirror: ChartMirror | None = Field(
        default=None,
        description="Mirror of every chart: a directory of .tgz files, an HTTP repository or an oci:// base.",
    )
    versions: dict[str, ExactVersion] = Field(
        default_factory=dict, description="Version of a chart that departs from the table in lib/charts.py."
    )
