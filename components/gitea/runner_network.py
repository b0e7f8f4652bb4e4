"""What jobs of Gitea's workflows may reach."""

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

from components.kubernetes.values.traefik import HTTPS_PORT
from lib.names import SystemNamespace
from lib.network import pods_of, tcp

# RFC 1918, RFC 6598 (which tailnets use) and RFC 3927.
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")


def egress(networks: Sequence[IPv4Network]) -> Any:
    """Spec of the NetworkPolicy of what jobs may reach: names, the hosts of the platform by Traefik, and the internet.
    Whoever may push to a repository chooses what a job does, so no node, no other pod and nothing at home.

    Args:
        networks: Of nodes, pods and services, which need not be private ones.
    """
    closed = dict.fromkeys((*_PRIVATE, *map(str, networks)))
    return {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [
            # Wherever the cluster has its name service.
            {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]},
            {"to": [pods_of(SystemNamespace.TRAEFIK)], "ports": [tcp(HTTPS_PORT)]},
            {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": list(closed)}}]},
        ],
    }
