"""A namespace as every part of the platform gets it: with a Pod Security level, network policy and CA bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from lib.kubernetes import PART_OF, PodSecurity
from lib.names import CA_CONFIG_MAP, MONITORING, SystemNamespace
from lib.network import Ingress, Policy


@dataclass(frozen=True, kw_only=True)
class NamespaceArgs:
    """What a namespace enforces and lets in.

    Attributes:
        pod_security: Level of the Pod Security Standards that admission enforces.
        ca_certificate: PEM of the cluster's CA, put into the ConfigMap `cluster-ca`; None where nothing needs it.
        among_themselves: Whether pods of the namespace may connect to each other.
        from_namespaces: Namespaces whose pods may connect to the pods here, on any port.
        routed_ports: TCP ports of pods to which Traefik leads.
        open_ports: TCP ports of pods that anyone may connect to: load balancers, and webhooks, which the API server
            calls from the host network.
        open_udp_ports: The same of UDP.
        metrics_ports: TCP ports of pods on which the monitoring reads metrics.
    """

    name: str
    pod_security: PodSecurity
    ca_certificate: pulumi.Input[str] | None = None
    from_namespaces: Sequence[str] = field(default_factory=tuple)
    routed_ports: Sequence[int] = field(default_factory=tuple)
    open_ports: Sequence[int] = field(default_factory=tuple)
    open_udp_ports: Sequence[int] = field(default_factory=tuple)
    metrics_ports: Sequence[int] = field(default_factory=tuple)
    among_themselves: bool = True


class Namespace(pulumi.ComponentResource):
    """Creates:

    - `<name>`: the Namespace.
    - `<name>-ingress`: a NetworkPolicy that refuses everything but what the args let in.
    - `<name>-ca`: the ConfigMap `cluster-ca`, where a CA certificate is given.

    Attributes:
        namespace: Name of the namespace; using it as an input makes the order.
        literal: The same name as plain text, for lookups and inside other texts.
        ca_config_map: Name of the ConfigMap with the CA under `ca.crt`; None without a CA.
    """

    namespace: pulumi.Output[str]
    literal: str
    ca_config_map: pulumi.Output[str] | None

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:namespace:Namespace", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        created = k8s.core.v1.Namespace(name, metadata={"name": args.name, "labels": _labels(args)}, opts=child)
        self.namespace = created.metadata.name
        self.literal = args.name
        k8s.networking.v1.NetworkPolicy(
            f"{name}-ingress",
            metadata={"name": "ingress", "namespace": self.namespace},
            spec=_policy(args),
            opts=child,
        )
        self.ca_config_map = None
        if args.ca_certificate is not None:
            bundle = k8s.core.v1.ConfigMap(
                f"{name}-ca",
                metadata={"name": CA_CONFIG_MAP, "namespace": self.namespace},
                data={"ca.crt": args.ca_certificate},
                opts=child,
            )
            self.ca_config_map = bundle.metadata.name
        self.register_outputs({"namespace": self.namespace, "ca_config_map": self.ca_config_map})

    @property
    def ca_bundle(self) -> pulumi.Output[str]:
        """`ca_config_map`, for those that need one.

        Raises:
            ValueError: when the namespace was created without a CA certificate.
        """
        if self.ca_config_map is None:
            raise ValueError(f"namespace {self.literal}: has no CA bundle; give its NamespaceArgs a ca_certificate")
        return self.ca_config_map


def _labels(args: NamespaceArgs) -> Mapping[str, str]:
    level = args.pod_security.value
    return {
        PART_OF: "home-cluster",
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/warn": level,
    }


def _policy(args: NamespaceArgs) -> Any:
    ingress = []
    if args.among_themselves or args.from_namespaces:
        peers: dict[str, str] | None = {} if args.among_themselves else None
        ingress.append(Ingress(peers=peers, namespaces=args.from_namespaces))
    if args.routed_ports:
        ingress.append(Ingress(ports=args.routed_ports, namespaces=(SystemNamespace.TRAEFIK,)))
    if args.open_ports or args.open_udp_ports:
        ingress.append(Ingress(ports=args.open_ports, udp_ports=args.open_udp_ports, anyone=True))
    if args.metrics_ports:
        ingress.append(Ingress(ports=args.metrics_ports, namespaces=(MONITORING,)))
    return Policy(ingress=ingress).spec()
