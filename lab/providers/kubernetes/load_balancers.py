"""Addresses of LoadBalancer Services, as Cilium's LB IPAM gives them out.

Requested by the annotation `lbipam.cilium.io/ips`; every address belongs to a pool and, without a shared key, to one
Service.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster, labels_match
from lab.providers.kubernetes.endpoints import addresses
from lab.site import Site

_REQUEST: Final = ("lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips")
_SHARING: Final = "lbipam.cilium.io/sharing-key"
_MAX_POOL: Final = 4096


def give_addresses(site: Site) -> None:
    """Give every LoadBalancer Service an address of a pool, or say in its status why it has none."""
    cluster = Cluster(site)
    if not _own_pool(cluster) and not any(True for _ in cluster.each("cilium.io/CiliumLoadBalancerIPPool")):
        return
    services = [item for item in cluster.each("Service") if item["spec"].get("type") == "LoadBalancer"]
    taken = {ip: _sharing(item) for item in services for ip in addresses(item)}
    for service in services:
        name = service["metadata"]["name"]
        if addresses(service) or site.faults.find("never-ready", ("Service",), (name,)):
            continue
        chosen = _choose(cluster, service, taken)
        if chosen:
            taken |= dict.fromkeys(chosen, _sharing(service))
            cluster.set_status(service, {"loadBalancer": {"ingress": [{"ip": ip} for ip in chosen]}})


def _annotations(service: Mapping[str, Any]) -> Mapping[str, str]:
    return service["metadata"].get("annotations") or {}


def _sharing(service: Mapping[str, Any]) -> str | None:
    return _annotations(service).get(_SHARING)


def _choose(cluster: Cluster, service: Mapping[str, Any], taken: Mapping[str, str | None]) -> list[str]:
    """The addresses the Service gets; empty when a requested one is in no pool or belongs to another Service."""
    annotations = _annotations(service)
    requested = next((annotations[key] for key in _REQUEST if key in annotations), "")
    wanted = [ip.strip() for ip in requested.split(",") if ip.strip()]
    available = list(_pool(cluster, service))
    key = _sharing(service)
    free = [ip for ip in available if ip not in taken or (key is not None and taken[ip] == key)]
    if wanted:
        return wanted if all(ip in free for ip in wanted) else []
    return [ip for ip in free if ip not in taken][:1]


def _pool(cluster: Cluster, service: Mapping[str, Any]) -> Iterator[str]:
    labels = service["metadata"].get("labels") or {}
    for block in _own_pool(cluster):
        yield from _block(block)
    for pool in cluster.each("cilium.io/CiliumLoadBalancerIPPool"):
        selector = pool["spec"].get("serviceSelector") or {}
        if pool["spec"].get("disabled") or not labels_match(selector.get("matchLabels") or {}, labels):
            continue
        for block in pool["spec"].get("blocks") or []:
            yield from _block(block)


def _own_pool(cluster: Cluster) -> list[Mapping[str, Any]]:
    """Addresses that a cluster which was there before the program brings along; it has a Cilium of its own, too."""
    api = cluster.api()
    found: list[Mapping[str, Any]] = (api or {}).get("addresses") or []
    return found


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    if "cidr" in block:
        for index, address in enumerate(ipaddress.ip_network(block["cidr"]).hosts()):
            if index >= _MAX_POOL:
                return
            yield str(address)
    else:
        first, last = ipaddress.ip_address(block["start"]), ipaddress.ip_address(block.get("stop", block["start"]))
        for number in range(int(first), min(int(last), int(first) + _MAX_POOL) + 1):
            yield str(ipaddress.ip_address(number))
