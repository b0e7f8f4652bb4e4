"""Checks of machines and network across sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from settings.model import Settings
from settings.pools import Node
from settings.problem import Problem

_KEPT = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
"""Hosts of no network, the loopback, link-local, multicast and reserved (RFC 6890)."""


def _nodes(settings: Settings) -> Iterator[tuple[str, Node]]:
    if settings.talos is None:
        return
    for key, pool in settings.talos.pools.items():
        for node in pool.nodes:
            yield f"talos.{key}.nodes[{node.name}]", node


def _fixed_addresses(settings: Settings) -> Iterator[tuple[str, IPv4Address]]:
    network, balancers = settings.network, settings.network.load_balancers
    for own, address in (("network.gateway", network.gateway), ("network.vip", network.vip)):
        if address is not None:
            yield own, address
    yield "network.loadBalancers.ingress", balancers.ingress
    yield "network.loadBalancers.vault", balancers.vault
    yield "network.loadBalancers.gitSsh", balancers.git_ssh
    for key, address in (("dns", balancers.dns), ("dnsInternet", balancers.dns_internet)):
        if address is not None:
            yield f"network.loadBalancers.{key}", address
    for key, node in _nodes(settings):
        yield f"{key}.address", node.address


def machines_or_existing(settings: Settings) -> Iterator[Problem]:
    sections = {"proxmox": settings.proxmox, "talos": settings.talos}
    for key, section in sections.items():
        if settings.cluster.existing is None and section is None:
            yield Problem(key, "nothing", "is given, so there is no cluster", f"add {key} or cluster.existing")
        if settings.cluster.existing is not None and section is not None:
            yield Problem(key, "a section", "clashes with cluster.existing", f"remove {key} or cluster.existing")


def the_network_is_that_of_the_machines(settings: Settings) -> Iterator[Problem]:
    """What describes nodes is asked for with them, and would be read by nobody without."""
    unused = {"timeServers": settings.network.time_servers, "vlan": settings.network.vlan}
    described = settings.proxmox is None and settings.talos is None
    for name, value in settings.network.own.items():
        key = f"network.{name}"
        if settings.cluster.existing is None and not value:
            yield Problem(key, "is missing,", "and the nodes need it", "add it (docs/configuration.md says what it is)")
    for name, value in (settings.network.own | unused).items():
        key = f"network.{name}"
        # Of these networks the workflows of Gitea are kept away, whoever made them.
        if described and settings.cluster.existing is not None and value and name != "nodes":
            said = ", ".join(map(str, value)) if isinstance(value, tuple) else value
            yield Problem(key, said, "is of machines, and cluster.existing makes none", f"remove {key}")


def _networks(settings: Settings) -> dict[str, IPv4Network]:
    network = settings.network
    nodes = {"network.nodes": network.nodes} if network.nodes is not None else {}
    return {**nodes, "network.pods": network.pods, "network.services": network.services}


def _ends(settings: Settings) -> Iterator[tuple[str, IPv4Address]]:
    balancers = settings.network.load_balancers
    for end, address in (("first", balancers.first), ("last", balancers.last)):
        if address is not None:
            yield f"network.loadBalancers.{end}", address


def networks_are_apart(settings: Settings) -> Iterator[Problem]:
    for (key, one), (other_key, other) in combinations(_networks(settings).items(), 2):
        if one.overlaps(other):
            yield Problem(key, one, f"overlaps {other_key} {other}", "choose networks that share no address")


def addresses_are_in_the_node_network(settings: Settings) -> Iterator[Problem]:
    nodes = settings.network.nodes
    if nodes is None or settings.cluster.existing is not None:
        return
    for key, address in (*_fixed_addresses(settings), *_ends(settings)):
        if address not in nodes:
            yield Problem(key, address, f"is outside network.nodes {nodes}", f"choose an address in {nodes}")


def addresses_are_of_hosts(settings: Settings) -> Iterator[Problem]:
    nodes = settings.network.nodes
    if nodes is None:
        return
    for key, address in (*_fixed_addresses(settings), *_ends(settings)):
        for name, reserved in (("network", nodes.network_address), ("broadcast", nodes.broadcast_address)):
            if address == reserved:
                yield Problem(key, address, f"is the {name} address of network.nodes {nodes}", "choose another address")


def servers_answer_from_outside(settings: Settings) -> Iterator[Problem]:
    """And time servers: nodes ask both before there are pods, and CoreDNS asks for what the cluster does not know."""
    network = settings.network
    inside = {"network.pods": network.pods, "network.services": network.services}
    own = {address: key for key, address in _fixed_addresses(settings) if key != "network.gateway"}
    asked = [("network.resolvers", "DNS", one) for one in network.resolvers]
    asked += [("network.timeServers", "time", IPv4Address(one)) for one in network.time_servers if _is_address(one)]
    for key, what, server in dict.fromkeys(asked):
        fix = f"name a {what} server of the LAN or of the Internet"
        if server.is_loopback or server.is_multicast or server.is_unspecified or server.is_reserved:
            yield Problem(key, server, "is the address of no other machine", fix)
        if server in own:
            yield Problem(key, server, f"is {own[server]}, where no {what} server is", fix)
        for name, within in inside.items():
            if server in within:
                yield Problem(key, server, f"lies in {name} {within}", fix)


def _is_address(text: str) -> bool:
    return re.fullmatch(r"[0-9.]+", text) is not None


def networks_are_of_machines(settings: Settings) -> Iterator[Problem]:
    for key, one in _networks(settings).items():
        if any(one.overlaps(kept) for kept in _KEPT):
            yield Problem(key, one, "is kept for something else", "use a private network such as 10.2.0.0/16")


def addresses_are_used_once(settings: Settings) -> Iterator[Problem]:
    """On a cluster of this program: elsewhere every Service may have the address of a node, each on ports of its own
    (ServiceLB of k3s).
    """
    if settings.cluster.existing is not None:
        return
    owners: dict[IPv4Address, str] = {}
    for key, address in _fixed_addresses(settings):
        if address in owners:
            yield Problem(key, address, f"is already {owners[address]}", "give each its own address")
        owners.setdefault(address, key)


def pool_holds_its_addresses_and_no_other(settings: Settings) -> Iterator[Problem]:
    balancers = settings.network.load_balancers
    first, last = balancers.first, balancers.last
    if first is None or last is None:
        return
    if last < first:
        yield Problem("network.loadBalancers.last", last, f"is before first {first}", "swap first and last")
        return
    for key, address in _fixed_addresses(settings):
        inside, wanted = first <= address <= last, key.startswith("network.loadBalancers.")
        if wanted and not inside:
            yield Problem(key, address, f"is outside the pool {first}-{last}", "widen the pool or move the address")
        if inside and not wanted:
            yield Problem(key, address, f"lies in the load balancer pool {first}-{last}", "move it out of the pool")


def nodes_are_distinct(settings: Settings) -> Iterator[Problem]:
    ids: dict[int, str] = {}
    names: dict[str, str] = {}
    for key, node in _nodes(settings):
        if node.vm_id in ids:
            yield Problem(f"{key}.vmId", node.vm_id, f"is already the id of {ids[node.vm_id]}", "give each VM its id")
        if node.name in names:
            yield Problem(f"{key}.name", node.name, f"is already the name of {names[node.name]}", "rename one node")
        ids.setdefault(node.vm_id, key)
        names.setdefault(node.name, key)
