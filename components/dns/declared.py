"""What the stack file says of zones, in the words of PowerDNS' API: what scripts/powerdns_zones.py brings about."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Any

from components.dns.names import TSIG_ALGORITHM
from settings.dns import UPDATE_KEY, Side, Soa, Zone
from settings.model import Settings
from settings.record_values import content

Document = dict[str, Any]
_OCTET = 8
_EDGE_TTL = 30
"""Of addresses that are watched, in seconds: for as long a client may be led to a server that is gone."""
_WATCHED_PORT = 443
_SERIAL = 1
"""PowerDNS goes on from it with the date (SOA-EDIT-API of `DEFAULT`)."""


def document(settings: Settings, side: Side, generations: Mapping[str, int]) -> Document:
    """The whole document of a side. It holds no secret.

    Args:
        generations: Generation of each TSIG key of the side.
    """
    dns = settings.dns
    zones = [_Zone(settings, side, name, zone) for name, zone in dns.on(side).items()]
    reverse = dns.reverse if side is Side.LAN else ()
    return {
        "algorithm": TSIG_ALGORITHM,
        "generations": dict(generations),
        "zones": [*(zone.document() for zone in zones), *(_reverse(settings, network) for network in reverse)],
    }


class _Zone:
    """One zone on one side."""

    def __init__(self, settings: Settings, side: Side, name: str, zone: Zone) -> None:
        self._settings, self._side, self._name, self._zone = settings, side, name, zone

    def document(self) -> Document:
        settings, zone = self._settings, self._zone
        transferred = zone.transferred_from is self._side
        secondaries = zone.secondaries if transferred else ()
        addresses = [str(one) for name in secondaries for one in settings.dns.secondaries[name].addresses]
        metadata = {kind: list(values) for kind, values in zone.metadata.items()}
        metadata |= {"ALSO-NOTIFY": addresses, "NOTIFY-DNSUPDATE": ["1"]} if secondaries else {}
        metadata |= {"TSIG-ALLOW-DNSUPDATE": [UPDATE_KEY]} if transferred else {}
        # `dig CDS` says what the parent has to (RFC 7344), with SHA-256.
        metadata |= {"PUBLISH-CDS": ["2"], "PUBLISH-CDNSKEY": ["1"]} if zone.dnssec else {}
        return {
            "name": f"{self._name}.",
            "fields": _fields(zone, secondaries),
            "notifies": bool(secondaries),
            "dnssec": zone.dnssec,
            "metadata": metadata,
            "rrsets": list(self._rrsets()),
        }

    def _rrsets(self) -> Iterator[Document]:
        dns, zone = self._settings.dns, self._zone
        yield from _apex(self._settings, self._name, zone.soa, zone.ttl)
        for child in dns.on(self._side):
            if child != self._name and _parent(dns.on(self._side), child) == self._name:
                yield _rrset(child, "NS", zone.ttl, [f"{one}." for one in dns.nameservers])
        for name in dns.nameservers:
            if dns.zone_of(name) == self._name:
                yield from self._addressed(name, self._glue(name))
        watched = self._side is Side.INTERNET and zone.watched
        for host, key in self._settings.balanced_hosts.values():
            if dns.zone_of(host) == self._name and not watched:
                lan = (getattr(self._settings.network.load_balancers, key),)
                yield from self._addressed(host, lan if self._side is Side.LAN else zone.edge)
        if watched:
            yield from self._watched()
        for record in zone.records:
            if self._side.value in record.sides:
                whole = self._name if record.name == "@" else f"{record.name}.{self._name}"
                values = [_canonical(record.type, value) for value in record.values]
                yield _rrset(whole, record.type, record.ttl or zone.ttl, values)

    def _watched(self) -> Iterator[Document]:
        """Every host, and whatever else there may be: those of the addresses that answer, or all when none does.

        A program of PowerDNS itself (docs/lua-records/functions.rst, ifportup), which secondaries of PowerDNS take over
        as it is. Known hosts stand beside the wildcard, which does not count where there is a name below the host.
        """
        settings = self._settings
        hosts = (
            *settings.resolved_names,
            *settings.other_hosts,
            *(host for host, _ in settings.balanced_hosts.values()),
        )
        names = [host for host in dict.fromkeys(hosts) if settings.dns.zone_of(host) == self._name]
        programs = list(self._programs())
        for name in (*names, f"*.{self._name}"):
            yield _rrset(name, "LUA", _EDGE_TTL, programs)

    def _programs(self) -> Iterator[str]:
        for kind, version in (("A", 4), ("AAAA", 6)):
            addresses = ", ".join(f"'{one}'" for one in self._zone.edge if one.version == version)
            if addresses:
                options = "{selector='all', backupSelector='all'}"
                yield f'{kind} "ifportup({_WATCHED_PORT}, {{{addresses}}}, {options})"'

    def _glue(self, name: str) -> tuple[IPv4Address | IPv6Address, ...]:
        if self._side is Side.INTERNET:
            return self._settings.dns.nameservers[name].internet
        address = self._settings.network.load_balancers.dns
        return (address,) if address is not None else ()

    def _addressed(self, host: str, addresses: tuple[IPv4Address | IPv6Address, ...]) -> Iterator[Document]:
        for kind, version in (("A", 4), ("AAAA", 6)):
            values = [str(one) for one in addresses if one.version == version]
            if values:
                yield _rrset(host, kind, self._zone.ttl, values)


def _parent(zones: Mapping[str, Zone], child: str) -> str | None:
    return max((zone for zone in zones if child.endswith(f".{zone}")), key=len, default=None)


def _fields(zone: Zone, secondaries: tuple[str, ...] = ()) -> Document:
    """Kinds by their names before 4.5, the only ones that every release takes (DomainInfo::stringToKind)."""
    return {
        "kind": "Master" if secondaries else "Native",
        "api_rectify": True,
        "soa_edit_api": "DEFAULT",
        # Secondaries take signatures over, which end after three weeks: each week the serial rises (docs/dnssec).
        "soa_edit": "INCEPTION-INCREMENT" if zone.dnssec else "",
        "master_tsig_key_ids": [f"{name}." for name in secondaries],
    }


def _apex(settings: Settings, name: str, soa: Soa, ttl: int) -> Iterator[Document]:
    servers = [f"{server}." for server in settings.dns.nameservers]
    local, _, domain = (settings.dns.contact or settings.identity.admin_email).partition("@")
    mailbox = f"{local.replace('.', chr(92) + '.')}.{domain}."
    words = (servers[0], mailbox, _SERIAL, soa.refresh, soa.retry, soa.expire, soa.minimum)
    yield _rrset(name, "SOA", ttl, [" ".join(map(str, words))])
    yield _rrset(name, "NS", ttl, servers)


def _reverse(settings: Settings, network: IPv4Network) -> Document:
    """The zone of a network, with the first name of each address that the A records of the LAN have."""
    name = network.network_address.reverse_pointer.split(".", 4 - network.prefixlen // _OCTET)[-1]
    names: dict[IPv4Address, str] = {}
    for zone, declared in settings.dns.on(Side.LAN).items():
        for one in _Zone(settings, Side.LAN, zone, declared).document()["rrsets"]:
            for value in one["records"] if one["type"] == "A" else ():
                if IPv4Address(value) in network and not one["name"].startswith("*"):
                    names.setdefault(IPv4Address(value), one["name"])
    plain = Zone()
    pointers = [_rrset(address.reverse_pointer, "PTR", plain.ttl, [whole]) for address, whole in names.items()]
    return {
        "name": f"{name}.",
        "fields": _fields(plain),
        "notifies": False,
        "dnssec": False,
        "metadata": {},
        "rrsets": [*_apex(settings, name, plain.soa, plain.ttl), *pointers],
    }


def _rrset(name: str, kind: str, ttl: int, records: list[str]) -> Document:
    return {"name": f"{name}.", "type": kind, "ttl": ttl, "records": records}


def _canonical(kind: str, value: str) -> str:
    """As PowerDNS answers it: another writing of the same would look changed in every round."""
    return str(ip_address(value)) if kind in ("A", "AAAA") else content(kind, value)
