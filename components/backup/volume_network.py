"""What the pods that back a volume up, and restore it, may reach."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.backup import sending
from components.backup.target import Target
from components.custom_resource import CustomResourceArgs, custom_resource
from declarations.volumes import Volume
from lib.kubernetes import CILIUM_API
from lib.network import tcp

_API_PORT = 6443


@dataclass(frozen=True, kw_only=True)
class VolumeNetworkArgs:
    """Of which volume, and where its backups go.

    Attributes:
        namespace: Name of the namespace, which is there.
        cilium: Whether the network is Cilium, which can tell the API server from everything else.
    """

    volume: Volume
    namespace: pulumi.Input[str]
    target: Target
    cilium: bool


def labels(volume: Volume) -> dict[str, str]:
    """Of these pods."""
    return {"app.kubernetes.io/name": volume.backup}


def volume_network(name: str, args: VolumeNetworkArgs, opts: pulumi.ResourceOptions) -> None:
    """Creates:

    - `<name>-egress`: NetworkPolicy: the pods reach names and the target. Where the network is not Cilium, they reach
      the usual ports of an API server anywhere, since the standard has no words for it.
    - `<name>-api`: with Cilium, a CiliumNetworkPolicy: they reach the API server, which stops the workload and starts
      it.
    """
    chosen, namespace = labels(args.volume), args.namespace
    anywhere: list[Any] = [] if args.cilium else [{"ports": [tcp(443), tcp(_API_PORT)]}]
    metadata: Any = {"name": args.volume.backup, "namespace": namespace}
    spec = sending.egress(args.target, chosen, anywhere)
    k8s.networking.v1.NetworkPolicy(f"{name}-egress", metadata=metadata, spec=spec, opts=opts)
    if args.cilium:
        # Entities: docs of Cilium, "Layer 3 policies". It sees the port of the server, behind that of the Service.
        ports = [{"ports": [{"port": str(_API_PORT), "protocol": "TCP"}]}]
        to_api = CustomResourceArgs(
            api_version=CILIUM_API,
            kind="CiliumNetworkPolicy",
            name=f"{args.volume.backup}-api",
            namespace=namespace,
            spec={
                "endpointSelector": {"matchLabels": chosen},
                "egress": [{"toEntities": ["kube-apiserver"], "toPorts": ports}],
            },
            wait_for=None,
        )
        custom_resource(f"{name}-api", to_api, opts)
