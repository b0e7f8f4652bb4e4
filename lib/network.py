"""Specs of NetworkPolicies: who may connect to which ports of which pods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Ingress:
    """Connections that are let in.

    Attributes:
        ports: TCP ports of the pods, not of their Service; none, and none of UDP, means every port.
        udp_ports: UDP ports of the pods.
        namespaces: Namespaces whose pods may connect. Policies of Kubernetes have no word for nodes: neither a selector
            nor an `ipBlock` matches one under Cilium (its docs, "CIDR-based").
        peers: Labels of pods of the same namespace that may connect; an empty mapping means all of them.
        anyone: Whether anyone may connect, hosts included: the one rule that Cilium matches against those (a rule
            without `from`, ParseNetworkPolicy in its pkg/k8s/network_policy.go).
    """

    ports: Sequence[int] = ()
    udp_ports: Sequence[int] = ()
    namespaces: Sequence[str] = ()
    peers: Mapping[str, str] | None = None
    anyone: bool = False

    def __post_init__(self) -> None:
        if self.anyone and (self.namespaces or self.peers is not None):
            raise ValueError(f"{self}: names who may connect although anyone may; drop one of the two")
        if not self.anyone and not self.namespaces and self.peers is None:
            raise ValueError(f"{self}: names nobody, which Kubernetes takes for everybody; name a namespace or peers")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A NetworkPolicy.

    Attributes:
        pods: Labels of the pods that it protects; none means all of the namespace.
        ingress: What may reach them; nothing else may.
        silent: Whether they may open no connection at all. Answers to those that reach them still pass.
    """

    ingress: Sequence[Ingress]
    pods: Mapping[str, str] = field(default_factory=dict)
    silent: bool = False

    def spec(self) -> Any:
        """`spec` of the object."""
        spec: dict[str, Any] = {
            "podSelector": {"matchLabels": dict(self.pods)} if self.pods else {},
            "policyTypes": ["Ingress", "Egress"] if self.silent else ["Ingress"],
            "ingress": [_rule(one) for one in self.ingress],
        }
        return spec | ({"egress": []} if self.silent else {})


def pods_of(namespace: str) -> dict[str, Any]:
    """All pods of a namespace, by a label that Kubernetes sets itself: nobody can forget it or set it on another."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": str(namespace)}}}


def tcp(port: int) -> dict[str, Any]:
    """A port of the pods."""
    return {"port": port, "protocol": "TCP"}


def _rule(ingress: Ingress) -> dict[str, Any]:
    sources: list[dict[str, Any]] = []
    if ingress.peers is not None:
        sources.append({"podSelector": {"matchLabels": dict(ingress.peers)} if ingress.peers else {}})
    sources += [pods_of(name) for name in ingress.namespaces]
    rule: dict[str, Any] = {"from": sources} if sources else {}
    ports = [*map(tcp, ingress.ports), *({"port": port, "protocol": "UDP"} for port in ingress.udp_ports)]
    return rule | ({"ports": ports} if ports else {})
