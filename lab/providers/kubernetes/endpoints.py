"""Who answers at an address: Services, load-balancer addresses and ingress hosts of the simulated cluster."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from lab.providers.kubernetes import nodes
from lab.providers.kubernetes.chart_values import hosts
from lab.providers.kubernetes.charts import UNKNOWN, facts_of
from lab.providers.kubernetes.cluster import RELEASES, Cluster

RELEASE_NAME: Final = "meta.helm.sh/release-name"
RELEASE_NAMESPACE: Final = "meta.helm.sh/release-namespace"

_SERVICE_HOST: Final = re.compile(r"\b[a-z0-9][a-z0-9.-]*\.svc(?:\.cluster\.local)?\b")
_PORTS: Final = {"https": 443, "ssh": 22}


@dataclass(frozen=True)
class Backend:
    """What stands behind an address.

    `chart` is empty for workloads that no chart brought; `ready` says whether it can answer.
    """

    namespace: str
    name: str
    chart: str
    ready: bool


class UnreachableError(Exception):
    """Nobody answers; the text is that of a Go client's network error."""


class IngressError(UnreachableError):
    """The ingress controller answers for the host itself.

    Attributes:
        status: With this status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def service_hosts(value: Any) -> Iterator[str]:
    """Cluster-internal host names anywhere in a value."""
    if isinstance(value, str):
        yield from _SERVICE_HOST.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from service_hosts(item)
    elif isinstance(value, list):
        for item in value:
            yield from service_hosts(item)


def unknown_services(cluster: Cluster, value: Any) -> list[str]:
    """Cluster-internal host names in `value` that no Service stands behind, as far as the lab can know."""
    names = dict.fromkeys(service_hosts(value))
    return [name for name in names if service_of(cluster, name, None) is None and not _may_be_served(cluster, name)]


def _may_be_served(cluster: Cluster, host: str) -> bool:
    """Whether a chart that the lab does not know was installed in the namespace of a host."""
    namespace = host.removesuffix(".cluster.local").removesuffix(".svc").rpartition(".")[2]
    releases = cluster.world.view(RELEASES).values()
    return any(one["namespace"] == namespace and facts_of(one["chart"]) is UNKNOWN for one in releases)


def service_of(cluster: Cluster, host: str, namespace: str | None) -> Mapping[str, Any] | None:
    """The Service a cluster-internal name means; a pod's name may stand before it."""
    parts = host.removesuffix(".").removesuffix(".cluster.local").removesuffix(".svc").split(".")
    if len(parts) == 1:
        return cluster.look("Service", namespace, parts[0]) if namespace else None
    found = cluster.look("Service", parts[-1], parts[-2])
    if found is None and namespace is not None:  # pod.service inside the own namespace
        found = cluster.look("Service", namespace, parts[-1])
    return found


def locate(cluster: Cluster, url: str, namespace: str | None = None) -> Backend:
    """The backend of a URL; `namespace` is the caller's when it is a pod. Raises UnreachableError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _PORTS.get(parts.scheme, 80)
    internal = namespace is not None or host.endswith((".svc", ".cluster.local"))
    service = service_of(cluster, host, namespace) if internal and not _is_address(host) else None
    if service is None:
        address = host if _is_address(host) else resolved(cluster, host, inside=namespace is not None)
        if address is None:
            return _by_ingress(cluster, host)
        service = _by_address(cluster, address, port)
        if service is None:
            raise UnreachableError(f"dial tcp {address}:{port}: connect: no route to host")
    listening = [item["port"] for item in service["spec"].get("ports") or ()]
    backend = behind(cluster, service)
    if backend is None or not backend.ready or (listening and port not in listening):
        raise UnreachableError(f"dial tcp {host}:{port}: connect: connection refused")
    return _by_ingress(cluster, host) if backend.chart == "traefik" and not _is_address(host) else backend


def resolved(cluster: Cluster, host: str, *, inside: bool) -> str | None:
    """Address of a public name: for pods in the hosts of the program's own CoreDNS, else in the names of the LAN."""
    config = cluster.look("ConfigMap", "kube-system", "coredns") if inside else None
    corefile = str(((config or {}).get("data") or {}).get("Corefile", ""))
    lines = filter(None, map(str.split, corefile.splitlines()))
    own = {name: address for address, *names in lines if _is_address(address) for name in names}
    lan = (cluster.world.get("site", "site") or {}).get("names") or {}
    found = own.get(host) if own else lan.get(host)
    return found if found and _is_address(found) else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def addresses(service: Mapping[str, Any]) -> list[str]:
    """External addresses a Service was given."""
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return [item["ip"] for item in ingress if "ip" in item]


def _by_address(cluster: Cluster, address: str, port: int) -> Mapping[str, Any] | None:
    """The LoadBalancer Service of an address that is announced on the network: by the program's Cilium, or by what a
    cluster that was there before brings along.
    """
    policies = cluster.each("cilium.io/CiliumL2AnnouncementPolicy")
    announced = (cluster.api() or {}).get("balancer") or any(nodes.announces(cluster, one) for one in policies)
    if not announced:
        return None
    there = [item for item in cluster.each("Service") if address in addresses(item)]
    # Several may share the address of a node, each with ports of its own.
    listening = (one for one in there if any(port == at["port"] for at in one["spec"].get("ports") or ()))
    return next(listening, there[0] if there else None)


def _by_ingress(cluster: Cluster, host: str) -> Backend:
    """The backend of a public host, through the ingress controller."""
    controllers = [item for item in cluster.world.view(RELEASES).values() if item["chart"] == "traefik"]
    if not any(item["ready"] for item in controllers):
        raise UnreachableError(f"dial tcp: lookup {host}: no such host")
    for release in cluster.world.view(RELEASES).values():
        if host in hosts(release["chart"], release["values"]):
            if not release["running"]:
                raise IngressError(503, f"https://{host}: 503 Service Unavailable: no available server")
            return Backend(release["namespace"], release["name"], release["chart"], True)
    for ingress in cluster.each("networking.k8s.io/Ingress"):
        backend = _of_ingress(cluster, ingress, host)
        if backend is not None:
            return backend
    raise IngressError(404, f"https://{host}: 404 page not found (no ingress has this host)")


def _of_ingress(cluster: Cluster, ingress: Mapping[str, Any], host: str) -> Backend | None:
    for rule in ingress["spec"].get("rules") or []:
        if rule.get("host") != host:
            continue
        for path in rule["http"]["paths"]:
            name = path["backend"]["service"]["name"]
            service = cluster.look("Service", ingress["metadata"]["namespace"], name)
            backend = behind(cluster, service) if service else None
            if backend is not None and backend.ready:
                return backend
    return None


def behind(cluster: Cluster, service: Mapping[str, Any]) -> Backend | None:
    """What a Service's selector reaches: a release, or a workload of the program."""
    metadata = service["metadata"]
    namespace, annotations = metadata["namespace"], metadata.get("annotations") or {}
    selector = service["spec"].get("selector") or {}
    instance = annotations.get(RELEASE_NAME) or selector.get("app.kubernetes.io/instance")
    release = cluster.world.view(RELEASES).get(f"{namespace}/{instance}")
    if release is not None:
        return Backend(namespace, release["name"], release["chart"], bool(release["running"]))
    for kind in ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet"):
        for workload in cluster.each(kind, namespace):
            labels = workload["spec"]["template"]["metadata"].get("labels") or {}
            if selector and all(labels.get(key) == value for key, value in selector.items()):
                return Backend(namespace, workload["metadata"]["name"], "", is_true(workload, "Available"))
    owner = next(iter(metadata.get("ownerReferences") or []), None)
    if owner and owner["kind"] == "Cluster":
        database = cluster.look("postgresql.cnpg.io/Cluster", namespace, owner["name"])
        return Backend(namespace, owner["name"], "", is_true(database, "Ready"))
    return None


def is_true(obj: Mapping[str, Any] | None, condition: str) -> bool:
    """Whether an object's status condition is True."""
    conditions = (obj or {}).get("status", {}).get("conditions") or []
    return any(item["type"] == condition and item["status"] == "True" for item in conditions)
