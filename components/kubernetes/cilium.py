"""Cilium: the network of pods, Services and load balancers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.helm import ReleaseArgs, release
from components.kubernetes import load_balancers
from components.kubernetes.conditions import Conditions, ConditionsArgs, definition, node
from components.kubernetes.load_balancers import AddressPool
from components.kubernetes.values.cilium import CiliumValues, values
from lib.charts import Chart
from lib.kubernetes import CILIUM_API, CONTROL_PLANE
from lib.names import SystemNamespace
from settings.infrastructure import NodeNetwork

_DEFINITIONS = (
    "ciliumloadbalancerippools.cilium.io",
    "ciliuml2announcementpolicies.cilium.io",
    "ciliumnetworkpolicies.cilium.io",
)


Announcing = Literal["workers", "control-planes", "every-node"]


@dataclass(frozen=True, kw_only=True)
class CiliumArgs:
    """The cluster that Cilium connects.

    Attributes:
        network: Its pool has the addresses that Services may get.
        nodes: Names of the nodes.
        announcing: Nodes that answer for those addresses: those that carry workloads.
        monitored: Whether it serves metrics.
    """

    chart: Chart
    network: NodeNetwork
    nodes: Sequence[str]
    announcing: Announcing = "workers"
    monitored: bool = False
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Cilium(pulumi.ComponentResource):
    """Creates:

    - `<name>-release`: the chart, awaited.
    - `<name>-gate`: Conditions: every node is Ready, and the operator has registered the kinds below. An awaited
      release proves neither: Helm lets some pods of a DaemonSet be missing, and the chart does not bring these kinds
      (pulumi-kubernetes itself retries a missing kind for half a minute only).
    - `<name>-pool-<setting>`: CiliumLoadBalancerIPPool with one address, for one Service, after which it is named.
    - `<name>-pool`: CiliumLoadBalancerIPPool with the other addresses of the stack file, for any Service; none where
      there are no others.
    - `<name>-announcement`: CiliumL2AnnouncementPolicy: workers answer ARP for them, over every network card that
      Cilium manages. Control planes do where they carry workloads, and else stay out, as their label
      `exclude-from-external-load-balancers` says.

    Attributes:
        ready: Pods have a network, and a Service of type LoadBalancer gets its address.
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: CiliumArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/cilium:Cilium", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        installed = release(
            f"{name}-release",
            ReleaseArgs(
                chart=args.chart,
                release="cilium",
                namespace=SystemNamespace.KUBE_SYSTEM,
                values=values(CiliumValues(nodes=len(args.nodes), monitored=args.monitored)),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        gate = Conditions(
            f"{name}-gate",
            ConditionsArgs(
                objects=[*(node(each) for each in args.nodes), *(definition(each) for each in _DEFINITIONS)],
                after=[installed],
                proves=[installed.digest],
                runbook="network.md#nodes-stay-notready",
            ),
            child,
        ).gate
        # Their kinds come from the operator, not from the chart.
        served = pulumi.ResourceOptions(parent=self, depends_on=[gate])
        self.ready = (
            gate,
            *self._pools(name, args.network, gate),
            custom_resource(f"{name}-announcement", _announcement(args.announcing), served),
        )
        self.register_outputs({})

    def _pools(self, name: str, network: NodeNetwork, gate: pulumi.Resource) -> list[pulumi.Resource]:
        served = pulumi.ResourceOptions(parent=self, depends_on=[gate])
        pools: list[pulumi.Resource] = [
            custom_resource(f"{name}-pool-{setting}", _pool(pool), served)
            for setting, pool in load_balancers.reserved(network.load_balancers).items()
        ]
        rest = load_balancers.free(network)
        if rest.blocks:
            # An address that becomes reserved leaves this pool when its own is there already, so that its Service is
            # given it again in the same moment.
            after = pulumi.ResourceOptions(parent=self, depends_on=[gate, *pools])
            pools.append(custom_resource(f"{name}-pool", _pool(rest), after))
        return pools


def _pool(pool: AddressPool) -> CustomResourceArgs:
    namespace, service = pool.service or ("", "stack")
    holder = {"io.kubernetes.service.namespace": namespace, "io.kubernetes.service.name": service}
    return CustomResourceArgs(
        api_version=CILIUM_API,
        kind="CiliumLoadBalancerIPPool",
        name=service,
        spec={
            "blocks": [{"start": str(start), "stop": str(stop)} for start, stop in pool.blocks],
            **({"serviceSelector": {"matchLabels": holder}} if pool.service else {}),
        },
        wait_for=None,
    )


def _announcement(nodes: Announcing) -> CustomResourceArgs:
    operator = {"workers": "DoesNotExist", "control-planes": "Exists"}.get(nodes)
    match = {"key": CONTROL_PLANE, "operator": operator}
    return CustomResourceArgs(
        api_version="cilium.io/v2alpha1",
        kind="CiliumL2AnnouncementPolicy",
        name=nodes,
        spec={
            "loadBalancerIPs": True,
            # Without one, every node answers.
            **({"nodeSelector": {"matchExpressions": [match]}} if operator else {}),
        },
        wait_for=None,
    )
