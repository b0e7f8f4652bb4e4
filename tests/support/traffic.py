"""What the NetworkPolicies of a recording let through, each as its single permissions.

A pod that some policy selects for a direction may in that direction do what one of them lets it, and no other may be
stopped (Kubernetes, "Network Policies"; those of Cilium add to them). Places outside pods are told apart by name:
`anyone` is any host and any address, `world` an address outside the cluster, `nodes` its hosts, `api` its API server.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.objects import key_of, of_kind
from tests.support.recording import Recording

_NAMESPACE = "kubernetes.io/metadata.name"
_ENTITIES = {"world": "world", "host": "nodes", "remote-node": "nodes", "kube-apiserver": "api"}
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod with its labels, or, without a namespace, a place outside."""

    namespace: str
    labels: Labels = ()
    place: str = ""


@dataclass(frozen=True)
class Permission:
    """One peer and port of one rule: `direction` is that of the policy, whose pods are the `chosen`."""

    policy: str
    direction: str
    namespace: str
    chosen: Labels
    peer: End | None
    port: str

    def selects(self, end: End) -> bool:
        """Whether a pod is one of the chosen."""
        return end.namespace == self.namespace and set(self.chosen) <= set(end.labels)

    def lets(self, own: End, other: End, port: str) -> bool:
        """Whether it lets a chosen pod connect, or be connected to, on `<number>/<protocol>`."""
        return self.selects(own) and self.port in ("any", port) and _is(self.peer, other)

    def __str__(self) -> str:
        who = "everybody" if self.peer is None else self.peer.place or self.peer.namespace
        labels = "".join(f"[{value}]" for _, value in self.peer.labels) if self.peer else ""
        return f"{self.policy} {'from' if self.direction == 'ingress' else 'to'} {who}{labels} {self.port}"


def _is(peer: End | None, other: End) -> bool:
    if peer is None:
        return True
    if peer.place or other.place:
        # An address outside is no pod and no node; where anybody may be meant, only everybody will do.
        return bool(peer.place) and peer.place == other.place
    return peer.namespace in ("", other.namespace) and set(peer.labels) <= set(other.labels)


@dataclass(frozen=True)
class Policies:
    """Every policy: what it permits, and which pods it isolates in which direction."""

    permissions: tuple[Permission, ...]
    isolated: tuple[tuple[str, str, Labels], ...]

    def users(self, source: End, target: End, port: str) -> list[Permission] | None:
        """The permissions that let a connection through; None where it is stopped."""
        used = []
        for direction, own, other in (("egress", source, target), ("ingress", target, source)):
            letting = [one for one in self.permissions if one.direction == direction and one.lets(own, other, port)]
            if not letting and self._isolates(direction, own):
                return None
            used += letting
        return used

    def _isolates(self, direction: str, end: End) -> bool:
        return any(
            (direction, end.namespace) == (at, namespace) and set(chosen) <= set(end.labels)
            for at, namespace, chosen in self.isolated
        )


def policies(recording: Recording) -> Policies:
    """Those of a recording."""
    permissions, isolated = list[Permission](), list[tuple[str, str, Labels]]()
    for kind, selector in (("NetworkPolicy", "podSelector"), ("CiliumNetworkPolicy", "endpointSelector")):
        for one in of_kind(recording, kind):
            key, spec = key_of(one), one.get("spec")
            chosen = _labels(spec[selector])
            given = {name for name in ("ingress", "egress") if spec.get(name)}
            for direction in {name.lower() for name in spec.get("policyTypes", ())} | given:
                isolated.append((direction, key.namespace, chosen))
                for rule in spec.get(direction) or ():
                    permissions += [
                        Permission(f"{key.namespace}/{key.name}", direction, key.namespace, chosen, peer, port)
                        for peer in _peers(rule, key.namespace)
                        for port in _ports(rule)
                    ]
    return Policies(tuple(permissions), tuple(isolated))


def _labels(selector: Mapping[str, Any]) -> Labels:
    assert not selector.get("matchExpressions"), "nothing of the program has these"
    return tuple(sorted(selector.get("matchLabels", {}).items()))


def _peers(rule: Mapping[str, Any], namespace: str) -> Iterator[End | None]:
    entities = dict.fromkeys(_ENTITIES[one] for one in rule.get("fromEntities", rule.get("toEntities", ())))
    yield from (End("", place=one) for one in entities)
    peers = rule.get("from", rule.get("to", ()))
    if not peers and not entities:
        yield None
    for peer in peers:
        if "ipBlock" in peer:
            yield End("", place="world")
        elif "namespaceSelector" in peer:
            yield End(peer["namespaceSelector"]["matchLabels"][_NAMESPACE], _labels(peer.get("podSelector", {})))
        else:
            yield End(namespace, _labels(peer["podSelector"]))


def _ports(rule: Mapping[str, Any]) -> Iterator[str]:
    ports = [*rule.get("ports", ()), *(port for one in rule.get("toPorts", ()) for port in one["ports"])]
    yield from (f"{port['port']}/{port.get('protocol', 'TCP')}" for port in ports)
    if not ports:
        yield "any"
