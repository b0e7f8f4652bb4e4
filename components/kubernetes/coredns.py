"""DNS of the cluster, which also answers for the platform's hosts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import coredns_objects as coredns
from lib.kubernetes import account_subject, role_reference
from lib.names import SystemNamespace
from settings.infrastructure import NodeNetwork


@dataclass(frozen=True, kw_only=True)
class CoreDnsArgs:
    """What CoreDNS answers.

    Attributes:
        network: Its resolvers answer what is neither in the cluster nor a host of the platform.
        hosts: Where each name of the platform leads.
        replicas: How many pods of it.
        zones: Address of the nameserver of each zone that the cluster answers for.
        after: A network for pods.
    """

    network: NodeNetwork
    hosts: Mapping[str, IPv4Address]
    replicas: int = 2
    zones: Mapping[str, IPv4Address] = field(default_factory=dict)
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class CoreDns(pulumi.ComponentResource):
    """Creates in kube-system:

    - `<name>-account`, `<name>-role`, `<name>-binding`: permission to watch Services, endpoints and namespaces.
    - `<name>-corefile`: the ConfigMap.
    - `<name>`: the Deployment, on different nodes and hosts, awaited.
    - `<name>-disruption`: PodDisruptionBudget: of two pods one stays while nodes are drained.
    - `<name>-service`: Service `kube-dns` on the address that every kubelet gives to its pods.

    Talos' own CoreDNS is off, because it rewrites every change of the configuration.

    Attributes:
        ready: Pods can resolve names.
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: CoreDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/coredns:CoreDns", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account, permission = self._account(name)
        config = k8s.core.v1.ConfigMap(
            f"{name}-corefile", metadata=coredns.metadata(coredns.NAME), data={"Corefile": _corefile(args)}, opts=child
        )
        deployment = k8s.apps.v1.Deployment(
            name,
            metadata=coredns.metadata(coredns.NAME),
            spec=coredns.deployment(account.metadata.name, config.metadata.name, args.replicas),
            # Without the permission a pod never becomes ready, without a network it never starts.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, *args.after]),
        )
        k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption",
            metadata=coredns.metadata(coredns.NAME),
            spec=coredns.disruption_budget(),
            opts=child,
        )
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata=coredns.metadata(coredns.SERVICE),
            spec=coredns.service(str(args.network.cluster_dns)),
            # Pulumi waits for endpoints, which the Deployment makes.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[deployment]),
        )
        self.ready = (deployment, service)
        self.register_outputs({})

    def _account(self, name: str) -> tuple[k8s.core.v1.ServiceAccount, k8s.rbac.v1.ClusterRoleBinding]:
        child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(f"{name}-account", metadata=coredns.metadata(coredns.NAME), opts=child)
        role = k8s.rbac.v1.ClusterRole(
            f"{name}-role", metadata={"name": "system:coredns"}, rules=coredns.RULES, opts=child
        )
        binding = k8s.rbac.v1.ClusterRoleBinding(
            f"{name}-binding",
            metadata={"name": "system:coredns"},
            role_ref=role_reference("ClusterRole", role.metadata.name),
            subjects=[account_subject(account.metadata.name, SystemNamespace.KUBE_SYSTEM.value)],
            opts=child,
        )
        return account, binding


def _corefile(args: CoreDnsArgs) -> str:
    return coredns.corefile(hosts=args.hosts, zones=args.zones, resolvers=args.network.resolvers)
