"""Addresses of LoadBalancer Services, as Cilium's LB IPAM gives them out (1.20, operator/pkg/lbipam/lbipam.go).

Requested by the annotation `lbipam.cilium.io/ips`; every address belongs to a pool and, without a shared key, to one
Service. A pool may select its Services, by their namespace and name, too; of two that overlap the newer is disabled.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster, selects
from lab.providers.kubernetes.endpoints import addresses
from lab.site import Site

_REQUEST: Final = ("lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips")
_SHARING: Final = "lbipam.cilium.io/sharing-key"
_SATISFIED: Final = "cilium.io/IPAMRequestSatisfied"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Taken = dict[_Address, str | None]


class _UnsatisfiedError(Exception):
    """Why a Service has no address: reason and message of its condition."""


@dataclass(frozen=True)
class _Range:
    """Addresses of a pool."""

    first: _Address
    last: _Address
    selector: Mapping[str, Any]
    enabled: bool = True

    def holds(self, address: _Address) -> bool:
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def overlaps(self, other: _Range) -> bool:
        return self.holds(other.first) or other.holds(self.first)

    def selects(self, service: Mapping[str, Any]) -> bool:
        metadata = service["metadata"]
        own = {"io.kubernetes.service.name": metadata["name"], "io.kubernetes.service.namespace": metadata["namespace"]}
        return selects(self.selector, {**(metadata.get("labels") or {}), **own})


def give_addresses(site: Site) -> None:
    """Give every LoadBalancer Service an address of a pool, or say in its status why it has none."""
    cluster = Cluster(site)
    balancer = (cluster.api() or {}).get("balancer")
    if balancer is not None:
        _give_others(cluster, balancer)
        return
    ranges = list(_ranges(cluster))
    if not ranges:
        return
    services = [item for item in cluster.each("Service") if item["spec"].get("type") == "LoadBalancer"]
    held = [[ip for ip in _parsed(addresses(one)) if _keeps(ranges, one, ip)] for one in services]
    taken: _Taken = {ip: _sharing(one) for one, ips in zip(services, held, strict=True) for ip in ips}
    for service, ips in zip(services, held, strict=True):
        if site.faults.find("never-ready", ("Service",), (service["metadata"]["name"],)):
            continue
        condition = {"type": _SATISFIED, "status": "True", "reason": "satisfied", "message": ""}
        anyone: list[_Address | None] = [] if ips else [None]
        for wanted in _requested(service) or anyone:
            if wanted in ips:
                continue
            try:
                ips.append(_chosen(ranges, service, wanted, taken))
            except _UnsatisfiedError as error:
                condition |= {"status": "False", "reason": error.args[0], "message": error.args[1]}
        taken |= dict.fromkeys(ips, _sharing(service))
        given = {"ingress": [{"ip": str(ip)} for ip in ips]} if ips else {}
        cluster.set_status(service, {"loadBalancer": given, "conditions": [condition]})


def _give_others(cluster: Cluster, balancer: Mapping[str, Any]) -> None:
    """What load balancers of a cluster that was there before give: by an annotation of theirs (as MetalLB), or every
    node's address as long as its port is free there (ServiceLB of k3s, which holds a Service back by its pods).
    """
    annotation, at = balancer["annotation"], balancer["addresses"]
    taken: set[tuple[str, int]] = set()
    for service in cluster.each("Service"):
        if service["spec"].get("type") != "LoadBalancer":
            continue
        asked = _annotations(service).get(annotation, "").split(",") if annotation else at
        wanted = {(ip, int(port["port"])) for ip in asked for port in service["spec"]["ports"]}
        given = [] if wanted & taken else [{"ip": ip} for ip in asked if ip in at]
        taken |= wanted if given else set()
        cluster.set_status(service, {"loadBalancer": {"ingress": given} if given else {}})


def _annotations(service: Mapping[str, Any]) -> Mapping[str, str]:
    return service["metadata"].get("annotations") or {}


def _sharing(service: Mapping[str, Any]) -> str | None:
    return _annotations(service).get(_SHARING)


def _requested(service: Mapping[str, Any]) -> list[_Address]:
    annotations = _annotations(service)
    return _parsed(next((annotations[key] for key in _REQUEST if key in annotations), "").split(","))


def _parsed(texts: list[str]) -> list[_Address]:
    found: list[_Address] = []
    for text in texts:
        with suppress(ValueError):
            found.append(ipaddress.ip_address(text.strip()))
    return found


def _keeps(ranges: list[_Range], service: Mapping[str, Any], ip: _Address) -> bool:
    """Whether the Service may go on with an address that it has."""
    asked = _requested(service)
    return (not asked or ip in asked) and any(one.holds(ip) and one.selects(service) for one in ranges)


def _chosen(ranges: list[_Range], service: Mapping[str, Any], wanted: _Address | None, taken: _Taken) -> _Address:
    """The address the Service gets. Raises _UnsatisfiedError."""
    enabled = [one for one in ranges if one.enabled]
    selecting = [one for one in enabled if one.selects(service)]
    if wanted is None:
        for one in selecting:
            for number in range(int(one.first), int(one.last) + 1):
                if (ip := ipaddress.ip_address(number)) not in taken:
                    return ip
        if selecting:
            message = "All enabled CiliumLoadBalancerIPPools that match this service ran out of allocatable IPs"
            raise _UnsatisfiedError("out_of_ips", message)
        raise _UnsatisfiedError("no_pool", "There are no enabled CiliumLoadBalancerIPPools that match this service")
    if not any(one.holds(wanted) for one in enabled):
        raise _UnsatisfiedError("no_pool", f"No pool exists with a CIDR containing '{wanted}'")
    if not any(one.holds(wanted) for one in selecting):
        message = f"The pool with the CIDR containing '{wanted}', doesn't select this service"
        raise _UnsatisfiedError("pool_selector_mismatch", message)
    if wanted in taken and (taken[wanted] is None or taken[wanted] != _sharing(service)):
        raise _UnsatisfiedError("already_allocated", f"The IP '{wanted}' is already allocated to another service")
    return wanted


def _ranges(cluster: Cluster) -> Iterator[_Range]:
    """Every range, from the oldest pool to the newest."""
    older: list[_Range] = []
    for pool in cluster.each("cilium.io/CiliumLoadBalancerIPPool"):
        spec = pool["spec"]
        selector = spec.get("serviceSelector") or {}
        own = [_Range(*_ends(block, spec), selector=selector) for block in spec.get("blocks") or []]
        free = not any(one.overlaps(other) for one in own for other in older)
        if free:
            older += own
        enabled = free and not spec.get("disabled")
        yield from (_Range(one.first, one.last, one.selector, enabled) for one in own)


def _ends(block: Mapping[str, Any], spec: Mapping[str, Any]) -> tuple[_Address, _Address]:
    if "cidr" not in block:
        return ipaddress.ip_address(block["start"]), ipaddress.ip_address(block.get("stop") or block["start"])
    network = ipaddress.ip_network(block["cidr"])
    inner = spec.get("allowFirstLastIPs") == "No" and network.num_addresses > 2  # noqa: PLR2004
    return network[int(inner)], network[-1 - int(inner)]
