"""Checks of the nameservers of the stack file, and of what holds for whole zones."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise

from settings.dns import UPDATE_KEY, Side
from settings.model import Settings
from settings.problem import Problem

_OCTET = 8
_UNREACHABLE = tuple(
    map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"))
) + tuple(map(ip_network, ("fc00::/7", "fe80::/10", "::1/128")))
"""Not routed in the internet (RFC 1918, 6598, 4193)."""
_OWN_METADATA = frozenset(
    ("ALLOW-AXFR-FROM", "ALLOW-DNSUPDATE-FROM", "ALSO-NOTIFY", "NOTIFY-DNSUPDATE", "SOA-EDIT", "SOA-EDIT-DNSUPDATE")
) | {"PUBLISH-CDNSKEY", "PUBLISH-CDS", "TSIG-ALLOW-AXFR", "TSIG-ALLOW-DNSUPDATE"}
"""What follows from secondaries, dnssec and certificates."""
_METADATA = frozenset(("AXFR-SOURCE", "IXFR", "SLAVE-RENOTIFY"))
"""Others that PowerDNS' API writes, in 4.7 and in 5.1 (isValidMetadataKind in pdns/ws-auth.cc), beside X-…"""


def sides_have_nameservers(settings: Settings) -> Iterator[Problem]:
    dns, balancers = settings.dns, settings.network.load_balancers
    if not dns.enabled:
        return
    if dns.zone_of(settings.cluster.domain) is None:
        clash = f"holds no cluster.domain {settings.cluster.domain}, so no host would have a name"
        yield Problem("dns.zones", ", ".join(dns.zones) or "none", clash, f"add {settings.cluster.domain}")
    if not dns.nameservers:
        fix = f"name one, such as ns1.{settings.cluster.domain}"
        yield Problem("dns.nameservers", "none", "leaves the zones without NS records", fix)
    needed = {Side.LAN: ("dns", balancers.dns), Side.INTERNET: ("dnsInternet", balancers.dns_internet)}
    for side in dns.sides:
        key, address = needed[side]
        if address is None:
            fix = "give the nameservers an address of the pool, or leave the section dns out"
            yield Problem(f"network.loadBalancers.{key}", "none", f"is where the side {side} would answer", fix)


def nameservers_are_found(settings: Settings) -> Iterator[Problem]:
    """Whoever follows a delegation to a name in the zone itself needs its address from the parent (glue)."""
    dns, hosts = settings.dns, {host: key for key, host in settings.own_hosts.items()}
    for name, server in dns.nameservers.items():
        key, zone = f"dns.nameservers.{name}", dns.zone_of(name)
        if dns.enabled and zone is not None and dns.zones[zone].edge and not server.internet:
            clash = f"lies in the zone {zone}, and the internet is told no address of it"
            yield Problem(key, name, clash, "add internet with the addresses of the secondary that answers there")
        if name in hosts or name in dns.zones:
            clash = f"is already {hosts.get(name) or f'the zone {name}'}"
            yield Problem(key, name, clash, "give the nameserver a name of its own")
        yield from reachable(f"{key}.internet", server.internet)


def edges_are_in_the_internet(settings: Settings) -> Iterator[Problem]:
    """And the same for all zones: external-dns of that side knows one set of addresses."""
    edges = {name: zone.edge for name, zone in settings.dns.zones.items() if zone.edge}
    for (first, edge), (other, another) in pairwise(edges.items()):
        if edge != another:
            clash = f"are not those of {first}, and all hosts are reached at the same"
            yield Problem(f"dns.zones.{other}.edge", ", ".join(map(str, another)), clash, "write the same in both")
    for name, zone in settings.dns.zones.items():
        yield from reachable(f"dns.zones.{name}.edge", zone.edge)


def reachable(key: str, addresses: tuple[IPv4Address | IPv6Address, ...]) -> Iterator[Problem]:
    """Every address is one of the internet."""
    for address in addresses:
        if any(address in network for network in _UNREACHABLE if network.version == address.version):
            yield Problem(key, address, "is reached from nowhere in the internet", "write the public address")


def secondaries_are_declared(settings: Settings) -> Iterator[Problem]:
    dns, balancers = settings.dns, settings.network.load_balancers
    own: dict[object, str] = {
        balancers.dns: "network.loadBalancers.dns",
        balancers.dns_internet: "network.loadBalancers.dnsInternet",
    }
    for name, secondary in dns.secondaries.items():
        if name == UPDATE_KEY:
            clash = "has the key with which certificates are asked for"
            yield Problem("dns.secondaries", name, clash, "give the secondary another name")
        for address in secondary.addresses:
            if address in own:
                yield Problem(f"dns.secondaries.{name}.addresses", address, f"is {own[address]} itself", "name another")
    for zone, declared in dns.zones.items():
        for name in declared.secondaries:
            if name not in dns.secondaries:
                fix = "declare it there or correct the name"
                yield Problem(f"dns.zones.{zone}.secondaries", name, "is no server of dns.secondaries", fix)


def metadata_is_free(settings: Settings) -> Iterator[Problem]:
    for zone, declared in settings.dns.zones.items():
        for kind in declared.metadata:
            key = f"dns.zones.{zone}.metadata.{kind}"
            if kind in _OWN_METADATA:
                clash = "follows from secondaries, dnssec and certificates"
                yield Problem(key, kind, clash, "leave it out")
            elif kind not in _METADATA and not kind.startswith("X-"):
                known = ", ".join(sorted(_METADATA))
                yield Problem(key, kind, "is no metadata that the API of PowerDNS writes", f"use {known} or X-…")


def reverse_zones_are_cut_at_dots(settings: Settings) -> Iterator[Problem]:
    dns = settings.dns
    for network in dns.reverse:
        if network.prefixlen % _OCTET or not network.prefixlen:
            fix = "write networks of /8, /16 or /24"
            yield Problem("dns.reverse", network, "is no zone of its own: names of addresses have four labels", fix)
        for other in dns.reverse:
            if network != other and network.subnet_of(other):
                yield Problem("dns.reverse", network, f"lies in {other}, which has its names", "leave one of them out")
    for zone in dns.zones:
        if zone.endswith(".arpa"):
            fix = "write the network in dns.reverse; names follow from the A records"
            yield Problem("dns.zones", zone, "is a reverse zone", fix)


ALL = (
    sides_have_nameservers,
    nameservers_are_found,
    edges_are_in_the_internet,
    secondaries_are_declared,
    metadata_is_free,
    reverse_zones_are_cut_at_dots,
)
