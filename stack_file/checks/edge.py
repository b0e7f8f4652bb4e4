"""Checks of the servers in the internet that lead to the cluster."""

from collections.abc import Iterator

from settings.dns import Side
from settings.model import Settings
from settings.problem import Problem
from stack_file.checks.dns import reachable

_HTTP, _HTTPS, _DNS = 80, 443, 53


def edges_have_a_way_in(settings: Settings) -> Iterator[Problem]:
    edge, talos = settings.edge, settings.talos
    if not edge.servers:
        unused = {
            "workers": ", ".join(edge.workers),
            "gitSshPort": edge.git_ssh_port,
            "dns": edge.dns,
            "unpublished": ", ".join(edge.unpublished or ()),
        }
        for key, value in unused.items():
            if value:
                yield Problem(f"edge.{key}", value, "is of no use without edge.servers", "add a server, or remove it")
        return
    if not settings.edge_workers:
        fix = "name the nodes that take pods, with their addresses"
        yield Problem("edge.workers", "nothing", "is said of the nodes of an existing cluster", fix)
    nodes = {node.name for node in talos.workload_nodes} if talos is not None else set(edge.workers)
    for name in edge.workers.keys() - nodes:
        fix = f"write one of {', '.join(sorted(nodes))}"
        yield Problem(f"edge.workers.{name}", name, "is no node that takes pods", fix)


def edges_are_told_apart(settings: Settings) -> Iterator[Problem]:
    """Who is believed about the client must be nobody but an edge server."""
    edge, seen = settings.edge, dict[object, str]()
    nodes = {node.address: node.name for node in settings.talos.nodes} if settings.talos is not None else {}
    for name, server in edge.servers.items():
        key = f"edge.servers.{name}"
        yield from reachable(f"{key}.addresses", server.addresses)
        for address in server.addresses:
            if address in seen:
                yield Problem(f"{key}.addresses", address, f"is already that of {seen[address]}", "give each its own")
            seen.setdefault(address, name)
        for source in server.sources:
            if source in settings.network.pods or source in nodes:
                clash = f"is that of {nodes.get(source, 'pods')}, which could claim to speak for anybody"
                yield Problem(f"{key}.sources", source, clash, "write the server's address in the tunnel")
            elif source in settings.network.services or source.is_loopback or source.is_unspecified:
                clash = "is no address that a connection arrives from"
                yield Problem(f"{key}.sources", source, clash, "write the server's address in the tunnel")


def edges_share_no_port(settings: Settings) -> Iterator[Problem]:
    edge = settings.edge
    taken = {_HTTP: "that of HTTP", _HTTPS: "that of HTTPS"} | ({_DNS: "that of DNS"} if edge.dns else {})
    taken |= {server.ssh.port: f"edge.servers.{name}.ssh.port" for name, server in edge.servers.items()}
    if edge.servers and edge.git_ssh_port in taken:
        clash = f"is already {taken[edge.git_ssh_port]}"
        yield Problem("edge.gitSshPort", edge.git_ssh_port, clash, "let one of the two listen elsewhere")


def edges_publish_what_there_is(settings: Settings) -> Iterator[Problem]:
    known = {*settings.resolved_names, *settings.other_hosts}
    for host in settings.edge.unpublished or ():
        if host == settings.identity.host:
            fix = "remove it, or everybody stays outside"
            yield Problem("edge.unpublished", host, "is where people log in", fix)
        elif host not in known:
            yield Problem(
                "edge.unpublished", host, "is no host of this stack file", f"write one of {', '.join(sorted(known))}"
            )


def edges_are_what_the_world_is_told(settings: Settings) -> Iterator[Problem]:
    edge, dns = settings.edge, settings.dns
    ours = {address for server in edge.servers.values() for address in server.addresses}
    for name, zone in dns.zones.items() if edge.servers and dns.enabled else ():
        for address in zone.edge:
            if address not in ours:
                fix = "write one of " + ", ".join(sorted(map(str, ours)))
                yield Problem(f"dns.zones.{name}.edge", address, "is of no server in edge.servers", fix)
    for name, zone in dns.zones.items():
        if zone.watched and zone.dnssec and zone.secondaries:
            clash = "of several servers of which a dead one is left out cannot be signed for secondaries"
            yield Problem(
                f"dns.zones.{name}.edge", ", ".join(map(str, zone.edge)), clash, "leave dnssec or all but one out"
            )
    if (
        edge.servers
        and edge.dns
        and (Side.INTERNET not in dns.sides or settings.network.load_balancers.dns_internet is None)
    ):
        clash = "needs nameservers for the internet"
        yield Problem("edge.dns", "true", clash, "add dns.zones with edge and network.loadBalancers.dnsInternet")


ALL = (
    edges_have_a_way_in,
    edges_are_told_apart,
    edges_share_no_port,
    edges_publish_what_there_is,
    edges_are_what_the_world_is_told,
)
