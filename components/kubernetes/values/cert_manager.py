"""Values of the cert-manager chart v1.21.1 (strict schema)."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Any

from lib.kubernetes import resources
from lib.names import SystemNamespace

METRICS_PORT = 9402
"""Of each of its pods, the default of the chart."""


def values(replicas: int, resolvers: Sequence[IPv4Address] = ()) -> dict[str, Any]:
    """Values of the release; `replicas` of the webhook, without which no certificate is taken, and `resolvers`, the DNS
    servers by which challenges are checked, where there are any.
    """
    return {
        **_seen_from_outside(resolvers),
        # Kept on uninstall: removing the definitions removes every Certificate, and with it every Secret's owner.
        "crds": {"enabled": True, "keep": True},
        # The default, kube-system, would be the only thing outside the release's own namespace.
        "global": {"leaderElection": {"namespace": SystemNamespace.CERT_MANAGER.value}},
        "resources": resources("20m", "128Mi"),
        "webhook": {
            "replicaCount": replicas,
            # By default one must stay, which holds up the drain of the only node.
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "resources": resources("10m", "64Mi"),
        },
        "cainjector": {"resources": resources("20m", "192Mi")},
        # A hook Job that makes a test resource through the webhook, so a finished release can be used at once.
        "startupapicheck": {"enabled": True, "timeout": "5m", "resources": resources("10m", "64Mi")},
    }


def _seen_from_outside(resolvers: Sequence[IPv4Address]) -> dict[str, Any]:
    """Before it lets a challenge be looked up, cert-manager looks itself; the cluster's own DNS answers for the hosts
    of the domain, and the nameservers of a zone may be known at other addresses inside than in the world. So it asks
    those that see what the world sees, and no other (pkg/issuer/acme/dns/util/wait.go).
    """
    if not resolvers:
        return {}
    servers = ",".join(f"{address}:53" for address in resolvers)
    return {"dns01RecursiveNameservers": servers, "dns01RecursiveNameserversOnly": True}
