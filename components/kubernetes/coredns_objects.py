"""CoreDNS: its configuration and the objects that run it, as Talos would run it."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address
from typing import Any

import pulumi

from lib.images import COREDNS
from lib.kubernetes import (
    CONTROL_PLANE,
    PART_OF,
    one_at_a_time,
    resources,
    restricted_container,
    restricted_pod,
    spread,
)
from lib.names import SystemNamespace

NAME = "coredns"
SERVICE = "kube-dns"
CLUSTER_DOMAIN = "cluster.local"
HEALTH_PORT = 8080
READY_PORT = 8181
METRICS_PORT = 9153

SELECTOR = {"k8s-app": "kube-dns"}
_LABELS = {**SELECTOR, "app.kubernetes.io/name": NAME, PART_OF: "home-cluster"}
_USER = 65532
"""The image's own user (https://github.com/coredns/coredns/pull/5969); as a number, for the kubelet to judge it."""


def corefile(
    *, hosts: Mapping[str, IPv4Address], zones: Mapping[str, IPv4Address], resolvers: Sequence[IPv4Address]
) -> str:
    """The Corefile: names of the platform, names of the cluster, its zones, and the resolvers for all others.

    `hosts` resolve for pods too, whether or not the domain is delegated yet: a login sends the browser and the service
    to one and the same issuer. `reload` takes over a changed Corefile, so no pod restarts for it.
    """
    upstream = " ".join(str(resolver) for resolver in resolvers)
    lines = [
        "errors",
        "health {\n    lameduck 5s\n}",
        "ready",
        _hosts(hosts),
        f"kubernetes {CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{\n    pods insecure\n"
        "    fallthrough in-addr.arpa ip6.arpa\n    ttl 30\n}",
        f"prometheus :{METRICS_PORT}",
        # Several stand in a row (plugin/forward/setup.go); names above do not depend on these.
        *(f"forward {zone} {nameserver}" for zone, nameserver in zones.items()),
        f"forward . {upstream} {{\n    max_concurrent 1000\n}}",
        f"cache 30 {{\n    disable success {CLUSTER_DOMAIN}\n    disable denial {CLUSTER_DOMAIN}\n}}",
        "loop",
        "reload",
        "loadbalance",
    ]
    return ".:53 {\n" + _indented("\n".join(lines)) + "\n}\n"


def _hosts(hosts: Mapping[str, IPv4Address]) -> str:
    """Plugin `hosts` with one line per name; a name it does not know goes on to the next plugin."""
    entries = "\n".join(f"    {address} {host}" for host, address in sorted(hosts.items()))
    return f"hosts {{\n{entries}\n    no_reverse\n    fallthrough\n}}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


# What the plugin `kubernetes` watches (docs of CoreDNS, plugin kubernetes).
RULES: Any = [
    {"apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]


def metadata(name: str) -> Any:
    """Metadata of an object in kube-system."""
    return {"name": name, "namespace": SystemNamespace.KUBE_SYSTEM.value, "labels": _LABELS}


def deployment(account: pulumi.Input[str], config_map: pulumi.Input[str], replicas: int) -> Any:
    """Spec of the Deployment; `account` and `config_map` are names, maybe Outputs."""
    return {
        "replicas": replicas,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "selector": {"matchLabels": SELECTOR},
        "template": {"metadata": {"labels": _LABELS}, "spec": _pod(account, config_map)},
    }


def _pod(account: pulumi.Input[str], config_map: pulumi.Input[str]) -> Any:
    return {
        "serviceAccountName": account,
        "priorityClassName": "system-cluster-critical",
        "dnsPolicy": "Default",
        "tolerations": [{"key": CONTROL_PLANE, "operator": "Exists"}],
        "topologySpreadConstraints": spread(SELECTOR),
        "securityContext": restricted_pod(_USER),
        "containers": [_container()],
        "volumes": [{"name": "config", "configMap": {"name": config_map}}],
    }


def _container() -> Any:
    return {
        "name": NAME,
        "image": COREDNS,
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "resources": resources("100m", "170Mi"),
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": HEALTH_PORT},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": READY_PORT}},
        # The binary carries this capability; the kernel refuses to start it where the pod may not have it.
        "securityContext": {
            **restricted_container(),
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
        },
    }


def disruption_budget() -> Any:
    """Spec of the PodDisruptionBudget."""
    return one_at_a_time(SELECTOR)


def service(cluster_ip: str) -> Any:
    """Spec of the Service."""
    return {
        "selector": SELECTOR,
        "clusterIP": cluster_ip,
        "clusterIPs": [cluster_ip],
        "ports": [
            {"name": "dns", "port": 53, "protocol": "UDP"},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            {"name": "metrics", "port": METRICS_PORT, "protocol": "TCP"},
        ],
    }
