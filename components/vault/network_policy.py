"""Who may connect to Vault."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource
from components.vault.server import SERVER_LABELS
from components.vault.server_config import API_PORT, METRICS_PORT
from lib.kubernetes import CILIUM_API
from lib.names import MONITORING
from lib.network import Ingress, Policy


@dataclass(frozen=True, kw_only=True)
class VaultNetworkPolicyArgs:
    """Callers of Vault besides its own namespace, whose pods the policy of every namespace lets in.

    Attributes:
        namespaces: Whose pods call the API.
        cilium: Whether the network is Cilium, which can tell hosts and the LAN from pods.
    """

    namespace: pulumi.Input[str]
    namespaces: Sequence[str]
    cilium: bool


class VaultNetworkPolicy(pulumi.ComponentResource):
    """Creates:

    - `<name>`: NetworkPolicy: the API for pods of those namespaces, metrics (which need no token) for the monitoring.
      Port 8201, on which servers talk to each other, is open within the namespace only.
    - `<name>-lan`: what callers outside the cluster need: a CiliumNetworkPolicy that opens the API to the LAN and to
      nodes, which the traffic of a load balancer comes from. On another network it is a NetworkPolicy that opens the
      API to everyone, since the standard knows no words for nodes.
    """

    def __init__(self, name: str, args: VaultNetworkPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/network_policy:VaultNetworkPolicy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        _network_policy(name, "vault-clients", args, _clients(args), child)
        if args.cilium:
            custom_resource(f"{name}-lan", _lan(args), child)
        else:
            _network_policy(f"{name}-lan", "vault-lan", args, [Ingress(ports=[API_PORT], anyone=True)], child)
        self.register_outputs({})


def _network_policy(
    name: str,
    object_name: str,
    args: VaultNetworkPolicyArgs,
    ingress: Sequence[Ingress],
    opts: pulumi.ResourceOptions,
) -> None:
    k8s.networking.v1.NetworkPolicy(
        name,
        metadata={"name": object_name, "namespace": args.namespace},
        spec=Policy(pods=SERVER_LABELS, ingress=ingress).spec(),
        opts=opts,
    )


def _clients(args: VaultNetworkPolicyArgs) -> Sequence[Ingress]:
    return (
        Ingress(ports=[API_PORT], namespaces=args.namespaces),
        Ingress(ports=[METRICS_PORT], namespaces=[MONITORING]),
    )


def _lan(args: VaultNetworkPolicyArgs) -> CustomResourceArgs:
    # Entities: docs of Cilium, "Layer 3 policies". A rule of one policy adds to those of every other.
    return CustomResourceArgs(
        api_version=CILIUM_API,
        kind="CiliumNetworkPolicy",
        name="vault-lan",
        namespace=args.namespace,
        spec={
            "endpointSelector": {"matchLabels": SERVER_LABELS},
            "ingress": [
                {
                    "fromEntities": ["world", "host", "remote-node"],
                    "toPorts": [{"ports": [{"port": str(API_PORT), "protocol": "TCP"}]}],
                }
            ],
        },
        wait_for=None,
    )
