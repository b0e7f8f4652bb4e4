"""Let's Encrypt as cert-manager meets it: accounts, orders and their limit. Who may answer for a domain is not asked.

Its roots have keys that nobody else has, so each server signs with a stand-in of its own, and a client takes what that
signed when it trusts the real roots of the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster, encoded
from lab.providers.kubernetes.pods import lacking
from lab.providers.talos import pki
from lab.world import World
from lib.acme import DIRECTORIES, PRODUCTION, roots

ORDERS: Final = "acme/orders"
"""How often each server has signed for an exact set of names."""
_MOST: Final = 5
"""Certificates of production for one exact set of names in a week, none of which ends in a lab."""


def authority(server: str) -> pki.Pair:
    """The stand-in of the server with this directory."""
    return pki.authority(server, "stand-in of Let's Encrypt")


def stand_ins(trusted: str) -> Iterator[str]:
    """Stand-ins of those servers whose roots are all among the trusted certificates (PEM)."""
    for issuer, server in DIRECTORIES.items():
        if roots(issuer).strip() in trusted:
            yield authority(server).certificate


def issuer_problem(cluster: Cluster, issuer: Mapping[str, Any], namespace: str) -> str:
    """Why an account cannot be had; empty when it is registered, with a key that is made for it if there is none."""
    spec = issuer["spec"]["acme"]
    if spec["server"] not in DIRECTORIES.values():
        return f"Failed to register ACME account: the lab knows {' and '.join(DIRECTORIES.values())}"
    if not spec.get("solvers"):
        return "the lab asks for a solver of each ACME issuer"
    name = spec["privateKeySecretRef"]["name"]
    if not cluster.exists("Secret", namespace, name):
        key = pki.pem(pki.private_key(f"{name} {cluster.world.secret_seed().hex()}"))
        metadata = {"name": name, "namespace": namespace}
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata}
        cluster.apply_plain({**secret, "data": encoded({"tls.key": key})})
    return ""


def order_problem(cluster: Cluster, issuer: Mapping[str, Any], names: Sequence[str], namespace: str) -> str:
    """Why no certificate for these names can be ordered; `namespace` holds the Secrets of the solvers."""
    spec = issuer["spec"]["acme"]
    for solver in spec["solvers"]:
        for reference in _references(solver):
            for problem in lacking(cluster, "Secret", namespace, reference["name"], reference["key"]):
                return f"error presenting challenge: {problem}"
    if spec["server"] == DIRECTORIES[PRODUCTION] and _ordered(cluster.world, spec["server"], names) >= _MOST:
        limit = f"too many certificates ({_MOST}) already issued for this exact set of identifiers in the last 168h0m0s"
        return f"429 urn:ietf:params:acme:error:rateLimited: {limit}"
    return ""


def count(world: World, server: str, names: Sequence[str]) -> None:
    """Remember an order that was fulfilled."""
    world.put(ORDERS, _key(server, names), {"times": _ordered(world, server, names) + 1})


def _ordered(world: World, server: str, names: Sequence[str]) -> int:
    return int((world.get(ORDERS, _key(server, names)) or {"times": 0})["times"])


def _key(server: str, names: Sequence[str]) -> str:
    return f"{server} {','.join(sorted(names))}"


def _references(value: Any) -> Iterator[Mapping[str, str]]:
    """Every reference to a key of a Secret."""
    for key, one in value.items() if isinstance(value, Mapping) else ():
        if key.endswith("SecretRef"):
            yield one
        else:
            yield from _references(one)
