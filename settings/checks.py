"""Checks across sections: each yields every clash it finds, naming both offenders and the fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import TYPE_CHECKING

from lib.charts import TABLE

if TYPE_CHECKING:
    from settings.infrastructure import Node
    from settings.model import Settings


@dataclass(frozen=True)
class Problem:
    """One defect: the key, its value, why it cannot be, and the fix."""

    key: str
    value: object
    clash: str
    fix: str

    def __str__(self) -> str:
        return f"{self.key}: {self.value} {self.clash}; {self.fix}"


def _nodes(settings: Settings) -> Iterator[tuple[str, Node]]:
    if settings.talos is None:
        return
    for pool, nodes in (
        ("controlPlane", settings.talos.control_plane.nodes),
        ("worker", settings.talos.worker.nodes),
    ):
        for node in nodes:
            yield f"talos.{pool}.nodes[{node.name}]", node


def _fixed_addresses(settings: Settings) -> Iterator[tuple[str, IPv4Address]]:
    network, balancers = settings.network, settings.network.load_balancers
    yield "network.gateway", network.gateway
    yield "network.vip", network.vip
    yield "network.loadBalancers.ingress", balancers.ingress
    yield "network.loadBalancers.vault", balancers.vault
    yield "network.loadBalancers.gitSsh", balancers.git_ssh
    for key, node in _nodes(settings):
        yield f"{key}.address", node.address


def machines_or_existing(settings: Settings) -> Iterator[Problem]:
    sections = {"proxmox": settings.proxmox, "talos": settings.talos}
    for key, section in sections.items():
        if settings.cluster.existing is None and section is None:
            yield Problem(key, "nothing", "is given, so there is no cluster", f"add {key} or cluster.existing")
        if settings.cluster.existing is not None and section is not None:
            yield Problem(key, "a section", "clashes with cluster.existing", f"remove {key} or cluster.existing")


def networks_are_apart(settings: Settings) -> Iterator[Problem]:
    network = settings.network
    named = {"network.nodes": network.nodes, "network.pods": network.pods, "network.services": network.services}
    for (key, one), (other_key, other) in combinations(named.items(), 2):
        if one.overlaps(other):
            yield Problem(key, one, f"overlaps {other_key} {other}", "choose networks that share no address")


def addresses_are_in_the_node_network(settings: Settings) -> Iterator[Problem]:
    nodes = settings.network.nodes
    pool = {"first": settings.network.load_balancers.first, "last": settings.network.load_balancers.last}
    every = [*_fixed_addresses(settings), *((f"network.loadBalancers.{end}", at) for end, at in pool.items())]
    for key, address in every:
        if address not in nodes:
            yield Problem(key, address, f"is outside network.nodes {nodes}", f"choose an address in {nodes}")


def addresses_are_used_once(settings: Settings) -> Iterator[Problem]:
    owners: dict[IPv4Address, str] = {}
    for key, address in _fixed_addresses(settings):
        if address in owners:
            yield Problem(key, address, f"is already {owners[address]}", "give each its own address")
        owners.setdefault(address, key)


def pool_holds_its_addresses_and_no_other(settings: Settings) -> Iterator[Problem]:
    balancers = settings.network.load_balancers
    first, last = balancers.first, balancers.last
    if last < first:
        yield Problem("network.loadBalancers.last", last, f"is before first {first}", "swap first and last")
        return
    for key, address in _fixed_addresses(settings):
        inside, wanted = first <= address <= last, key.startswith("network.loadBalancers.")
        if wanted and not inside:
            yield Problem(key, address, f"is outside the pool {first}-{last}", "widen the pool or move the address")
        if inside and not wanted:
            yield Problem(key, address, f"lies in the load balancer pool {first}-{last}", "move it out of the pool")


def service_network_holds_cluster_dns(settings: Settings) -> Iterator[Problem]:
    services: IPv4Network = settings.network.services
    if services.num_addresses < 2**8:
        yield Problem("network.services", services, "is too small for the platform's Services", "use a /24 or larger")


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


def control_planes_are_odd(settings: Settings) -> Iterator[Problem]:
    if settings.talos is None:
        return
    count = len(settings.talos.control_plane.nodes)
    if count % 2 == 0:
        yield Problem(
            "talos.controlPlane.nodes",
            f"{count} nodes",
            "give etcd no majority beyond that of one fewer" if count else "leave no control plane",
            f"use {count + 1}" if not count else f"use {count - 1} or {count + 1}",
        )


def instances_have_nodes(settings: Settings) -> Iterator[Problem]:
    if settings.talos is None:
        return
    workers, wanted = len(settings.talos.worker.nodes), settings.databases.instances
    if workers < wanted:
        yield Problem(
            "databases.instances",
            wanted,
            f"need a worker each, and talos.worker.nodes has {workers}",
            "lower the instances or add workers",
        )


def hosts_are_in_the_domain(settings: Settings) -> Iterator[Problem]:
    domain = settings.cluster.domain
    owners: dict[str, str] = {}
    for key, host in settings.hosts.items():
        path = key if "." in key else f"{key}.host"
        if not host.endswith(f".{domain}"):
            label = host.split(".")[0]
            yield Problem(path, host, f"is outside cluster.domain {domain}", f"use {label}.{domain}")
        if host in owners:
            yield Problem(path, host, f"is already {owners[host]}", "give each service its own host")
        owners.setdefault(host, path)


def _named_groups(settings: Settings) -> Iterator[tuple[str, str]]:
    for section in ("vault", "gitea", "harbor", "matrix"):
        service = getattr(settings, section)
        yield f"{section}.userGroup", service.user_group
        if hasattr(service, "admin_group"):
            yield f"{section}.adminGroup", service.admin_group
    for username, user in settings.identity.users.items():
        for group in user.groups:
            yield f"identity.users.{username}.groups", group


def groups_are_declared(settings: Settings) -> Iterator[Problem]:
    declared = settings.identity.groups
    for key, group in _named_groups(settings):
        if group not in declared:
            yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")
    for group, count in Counter(declared).items():
        if count > 1:
            yield Problem("identity.groups", group, f"is declared {count} times", "declare each group once")


def administrators_may_log_in(settings: Settings) -> Iterator[Problem]:
    gitea = settings.gitea
    for username, user in settings.identity.users.items():
        if gitea.admin_group in user.groups and gitea.user_group not in user.groups:
            yield Problem(
                f"identity.users.{username}.groups",
                gitea.admin_group,
                f"gives no login to Gitea without gitea.userGroup {gitea.user_group}",
                f"add {gitea.user_group}",
            )


def users_are_distinct(settings: Settings) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for username, user in settings.identity.users.items():
        email = user.email.lower()
        if email in owners:
            yield Problem(
                f"identity.users.{username}.email",
                user.email,
                f"is already the address of {owners[email]}",
                "give each person an own address, since services link accounts by it",
            )
        owners.setdefault(email, username)


def charts_exist(settings: Settings) -> Iterator[Problem]:
    for name in settings.charts.versions:
        if name not in TABLE:
            yield Problem(
                f"charts.versions.{name}", name, "is no chart of this program", f"use one of {', '.join(TABLE)}"
            )


ALL: tuple[Callable[[Settings], Iterator[Problem]], ...] = (
    machines_or_existing,
    networks_are_apart,
    addresses_are_in_the_node_network,
    addresses_are_used_once,
    pool_holds_its_addresses_and_no_other,
    service_network_holds_cluster_dns,
    nodes_are_distinct,
    control_planes_are_odd,
    instances_have_nodes,
    hosts_are_in_the_domain,
    groups_are_declared,
    administrators_may_log_in,
    users_are_distinct,
    charts_exist,
)
