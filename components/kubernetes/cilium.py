"""Cilium: the network of pods, Services and load balancers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.helm import ReleaseArgs, release
from components.kubernetes.conditions import Conditions, ConditionsArgs, definition, node
from lib.charts import Chart
from lib.names import Namespace
from lib.values.cilium import CiliumValues, values
from settings.infrastructure import LoadBalancers

_DEFINITIONS = (
    "ciliumloadbalancerippools.cilium.io",
    "ciliuml2announcementpolicies.cilium.io",
    "ciliumnetworkpolicies.cilium.io",
)


@dataclass(frozen=True, kw_only=True)
class CiliumArgs:
    """The cluster that Cilium connects.

    Attributes:
        load_balancers: Addresses that Services may get.
        nodes: Names of the nodes.
        announcing: Nodes that answer for those addresses: those that carry workloads.
    """

    chart: Chart
    load_balancers: LoadBalancers
    nodes: Sequence[str]
    announcing: Literal["workers", "control planes"] = "workers"
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)


class Cilium(pulumi.ComponentResource):
    """Creates:

    - `<name>-release`: the chart, awaited.
    - `<name>-gate`: Conditions: every node is Ready, and the operator has registered the kinds below. An awaited
      release proves neither: Helm lets some pods of a DaemonSet be missing, and the chart does not bring these kinds
      (pulumi-kubernetes itself retries a missing kind for half a minute only).
    - `<name>-pool`: CiliumLoadBalancerIPPool with the addresses of the stack file.
    - `<name>-announcement`: CiliumL2AnnouncementPolicy: workers answer ARP for them, over every network card that
      Cilium manages. Control planes do where there are no workers, and else stay out, as their label
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
                namespace=Namespace.KUBE_SYSTEM,
                values=values(CiliumValues(nodes=len(args.nodes))),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        gate = Conditions(
            f"{name}-gate",
            ConditionsArgs(
                objects=[*(node(each) for each in args.nodes), *(definition(each) for each in _DEFINITIONS)],
                after=[installed],
                proves=[installed.digest],
            ),
            child,
        ).gate
        # Their kinds come from the operator, not from the chart.
        served = pulumi.ResourceOptions(parent=self, depends_on=[gate])
        self.ready = (
            gate,
            custom_resource(f"{name}-pool", _pool(args.load_balancers), served),
            custom_resource(f"{name}-announcement", _announcement(args.announcing), served),
        )
        self.register_outputs({})


def _pool(load_balancers: LoadBalancers) -> CustomResourceArgs:
    return CustomResourceArgs(
        api_version="cilium.io/v2",
        kind="CiliumLoadBalancerIPPool",
        name="stack",
        spec={"blocks": [{"start": str(load_balancers.first), "stop": str(load_balancers.last)}]},
        wait_for=None,
    )


def _announcement(nodes: Literal["workers", "control planes"]) -> CustomResourceArgs:
    operator = "DoesNotExist" if nodes == "workers" else "Exists"
    return CustomResourceArgs(
        api_version="cilium.io/v2alpha1",
        kind="CiliumL2AnnouncementPolicy",
        name=nodes.replace(" ", "-"),
        spec={
            "loadBalancerIPs": True,
            "nodeSelector": {
                "matchExpressions": [{"key": "node-role.kubernetes.io/control-plane", "operator": operator}]
            },
        },
        wait_for=None,
    )
