"""Values of the Cilium chart 1.20.2 on Talos: replaces kube-proxy, announces load balancers by ARP."""

from dataclasses import dataclass
from typing import Any

from components.talos.config import KUBE_PRISM_PORT
from lib.kubernetes import resources

# The chart's lists without SYS_MODULE, which no container may have on Talos (docs of Talos, deploying Cilium CNI).
_AGENT_CAPABILITIES = [
    "CHOWN",
    "KILL",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "SYS_ADMIN",
    "SYS_RESOURCE",
    "DAC_OVERRIDE",
    "FOWNER",
    "SETGID",
    "SETUID",
    "SYSLOG",
]
_CLEANING_CAPABILITIES = ["NET_ADMIN", "SYS_ADMIN", "SYS_RESOURCE"]

_MAX_OPERATORS = 2
_FLOWS = ("drop", "tcp", "flow", "port-distribution", "icmp")
"""Metrics of Hubble that need no proxy of layer 7 (docs of Cilium, observability/metrics)."""


@dataclass(frozen=True, kw_only=True)
class CiliumValues:
    """Inputs of the values.

    Attributes:
        nodes: Number of nodes; operators never share one.
        monitored: Whether agents serve metrics, of themselves and of the flows that Hubble sees.
    """

    nodes: int
    monitored: bool = False


def values(args: CiliumValues) -> dict[str, Any]:
    """Values of the release."""
    return {
        "ipam": {"mode": "kubernetes"},  # pod networks from the nodes, as Talos' podSubnets hand them out
        "kubeProxyReplacement": True,
        # KubePrism: an API endpoint on each node that needs neither the VIP nor the Services Cilium provides.
        "k8sServiceHost": "localhost",
        "k8sServicePort": KUBE_PRISM_PORT,
        # Talos mounts cgroup v2 itself.
        "cgroup": {"autoMount": {"enabled": False}, "hostRoot": "/sys/fs/cgroup"},
        "securityContext": {
            "capabilities": {"ciliumAgent": _AGENT_CAPABILITIES, "cleanCiliumState": _CLEANING_CAPABILITIES}
        },
        "l2announcements": {"enabled": True},
        # Each announced Service renews a lease every five seconds.
        "k8sClientRateLimit": {"qps": 50, "burst": 100},
        # A proxy for policies of layer 7, of which there are none: neither on every node nor inside every agent.
        "envoy": {"enabled": False},
        "l7Proxy": False,
        "gatewayAPI": {"enabled": False},
        "resources": _agent_resources(),
        "initResources": resources("100m", "256Mi"),
        # Settings live in a ConfigMap; without this, pods keep the old ones.
        "rollOutCiliumPods": True,
        "operator": {
            "replicas": min(_MAX_OPERATORS, args.nodes),
            "rollOutPods": True,
            "resources": resources("50m", "256Mi"),
        },
        "hubble": _hubble(args),
        **({"prometheus": {"enabled": True}} if args.monitored else {}),
    }


def _agent_resources() -> dict[str, Any]:
    """Requests what it uses on a small cluster; the limit leaves room for the maps of a busy one."""
    return {"requests": {"cpu": "100m", "memory": "384Mi"}, "limits": {"memory": "1Gi"}}


def _hubble(args: CiliumValues) -> dict[str, Any]:
    """Flow logs of each node, read inside its agent pod (`hubble observe`) and nowhere else.

    No relay: its readiness asks for the agents by a name in the cluster, so a release that waits for it would wait for
    the DNS that needs this release. Without it nothing listens on the network, and there are no certificates to make.
    """
    return {
        "enabled": True,
        "listenAddress": "",
        "tls": {"enabled": False, "auto": {"enabled": False}},
        "relay": {"enabled": False},
        "ui": {"enabled": False},
        **({"metrics": {"enabled": list(_FLOWS)}} if args.monitored else {}),
    }
