"""Values of the Cilium chart 1.20.0 on Talos: replaces kube-proxy, announces load balancers by ARP."""

from dataclasses import dataclass
from typing import Any

from lib.kubernetes import resources
from lib.talos.config import KUBE_PRISM_PORT

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


@dataclass(frozen=True, kw_only=True)
class CiliumValues:
    """Inputs of the values.

    Attributes:
        nodes: Number of nodes; operators never share one.
        hubble_server_secret: Secret with the certificate of Hubble on every node.
        hubble_relay_secret: Secret with the client certificate of the relay.
    """

    nodes: int
    hubble_server_secret: Any
    hubble_relay_secret: Any


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
        "envoy": {"enabled": False},  # a proxy on every node for policies of layer 7, of which there are none
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
    }


def _agent_resources() -> dict[str, Any]:
    """Requests what it uses on a small cluster; the limit leaves room for the maps of a busy one."""
    return {"requests": {"cpu": "100m", "memory": "384Mi"}, "limits": {"memory": "1Gi"}}


def _hubble(args: CiliumValues) -> dict[str, Any]:
    """Flow logs of the cluster.

    Certificates come from the program's CA. Of the chart's own methods, `helm` makes new ones at every render,
    `cronJob` makes them in a hook that runs only after the relay, which needs them, was awaited, and `certmanager`
    needs pods, which need Cilium.
    """
    return {
        "enabled": True,
        "tls": {
            "enabled": True,
            "auto": {"enabled": False},
            "server": {"existingSecret": args.hubble_server_secret},
        },
        "relay": {
            "enabled": True,
            "rollOutPods": True,
            "resources": resources("10m", "128Mi"),
            "tls": {"client": {"existingSecret": args.hubble_relay_secret}},
        },
        "ui": {"enabled": False},  # it has no login of its own
    }
