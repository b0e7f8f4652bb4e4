"""Section `dns` of the stack file: nameservers of the cluster, and the zones that they answer for."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from settings import shapes
from settings.shapes import Shape
from settings.types import Cidr, Email, Hostname, Name, Strict

UPDATE_KEY = "acme"
"""TSIG key with which certificates are asked for: it may change `_acme-challenge` names and nothing else."""


class Side(StrEnum):
    """Who is answered: the LAN and pods, or the world. Each has nameservers, a database and zones of its own."""

    LAN = "lan"
    INTERNET = "internet"


def _any_address(value: Any) -> IPv4Address | IPv6Address:
    try:
        return ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("is no IP address; write one such as 203.0.113.7 or 2001:db8::7") from None


AnyAddress = Annotated[
    IPv4Address | IPv6Address,
    PlainValidator(_any_address),
    WithJsonSchema({"type": "string", "title": "IPv4 or IPv6 address", "examples": ["203.0.113.7"]}),
]
RecordName = Annotated[
    str,
    Shape(
        shapes.RECORD_NAME,
        "a name inside a zone; write it without the zone, such as nas, *.lab or _sip._tcp, and @ for the zone itself",
        "name inside the zone",
        "nas",
    ),
]
MetadataKind = Annotated[
    str,
    Shape(
        shapes.METADATA_KIND,
        "a kind of metadata; write capitals with dashes, such as X-OWNER",
        "kind of metadata",
        "IXFR",
    ),
]
Seconds = Annotated[int, Field(ge=1, le=2_147_483_647)]
"""RFC 2181, section 8: 31 bits."""
Ttl = Annotated[int, Field(ge=1, le=604_800)]
"""Resolvers remember nothing for longer than a week (`max-cache-ttl` of BIND)."""
RecordType = Literal["A", "AAAA", "CAA", "CNAME", "DS", "MX", "NS", "PTR", "SRV", "SSHFP", "TLSA", "TXT"]


class Nameserver(Strict):
    """A nameserver of every zone; the key is its host name. Inside the LAN it is network.loadBalancers.dns."""

    internet: tuple[AnyAddress, ...] = Field(
        default=(), description="Addresses at which the internet finds it: those of the secondary that answers there."
    )


class Secondary(Strict):
    """A server that takes whole zones over and answers for them; its TSIG key is the secret `dns/<name>`."""

    addresses: tuple[AnyAddress, ...] = Field(
        min_length=1,
        description="Where it is told of a change (NOTIFY). It transfers from wherever it likes, by its key.",
    )


class Soa(Strict):
    """Timers of the SOA record, in seconds."""

    refresh: Seconds = Field(default=10_800, description="How often a secondary looks for a change that it missed.")
    retry: Seconds = Field(default=3600, description="When it tries again after it could not.")
    expire: Seconds = Field(default=1_209_600, description="When it stops answering if it never can.")
    minimum: Seconds = Field(default=300, description="How long others remember that a name does not exist.")


class Record(Strict):
    """All records of one name and type."""

    name: RecordName = Field(description="Name without the zone; @ is the zone itself.")
    type: RecordType = Field(description="Type of the records.")
    ttl: Ttl | None = Field(default=None, description="How long others remember it; that of the zone if omitted.")
    values: tuple[str, ...] = Field(
        min_length=1, description="What they say, as in a zone file; names end in a dot, TXT goes without quotes."
    )
    sides: tuple[Literal["lan", "internet"], ...] = Field(
        default=("lan", "internet"), min_length=1, description="Who is told."
    )


class Zone(Strict):
    """A zone; the key is its name."""

    ttl: Ttl = Field(default=3600, description="How long others remember a record that says nothing itself.")
    soa: Soa = Field(default_factory=Soa)
    records: tuple[Record, ...] = Field(default=(), description="Records beside those that follow by themselves.")
    edge: tuple[AnyAddress, ...] = Field(
        default=(),
        description="Addresses at which the internet reaches the hosts of Ingresses. With any, the zone has a second "
        "side, with these in the place of the LAN's, which secondaries take over. Of several, one that does not answer "
        "is left out (docs/edge.md).",
    )
    dnssec: bool = Field(default=False, description="Whether its answers are signed; the DS record is for the parent.")
    secondaries: tuple[Name, ...] = Field(default=(), description="Servers of dns.secondaries that may transfer it.")
    metadata: dict[MetadataKind, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description="Metadata of PowerDNS by its kind."
    )

    @property
    def sides(self) -> tuple[Side, ...]:
        """Where it is answered."""
        return (Side.LAN, Side.INTERNET) if self.edge else (Side.LAN,)

    @property
    def watched(self) -> bool:
        """Whether the internet is told of several addresses, of which one that does not answer is left out."""
        return len(self.edge) > 1

    @property
    def transferred_from(self) -> Side:
        """Side that secondaries take over, and that certificates are proven on: the internet's, if there is one."""
        return self.sides[-1]


class DnsSettings(Strict):
    """Nameservers in the cluster (PowerDNS) and their zones. Without this section names are made by hand elsewhere."""

    enabled: bool = Field(default=True, description="Whether the cluster answers for its names itself.")
    contact: Email | None = Field(
        default=None, description="Who is responsible for the zones (SOA); identity.adminEmail if omitted."
    )
    nameservers: dict[Hostname, Nameserver] = Field(
        default_factory=dict, description="Nameservers of every zone, by host name; the first is the primary."
    )
    secondaries: dict[Name, Secondary] = Field(
        default_factory=dict, description="Servers that take zones over, by name."
    )
    zones: dict[Hostname, Zone] = Field(default_factory=dict, description="Every zone by its name.")
    reverse: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks whose addresses lead back to names: those of the A records in dns.zones, on the LAN.",
    )

    @property
    def sides(self) -> tuple[Side, ...]:
        """Sides that there are."""
        if not self.enabled:
            return ()
        return tuple(side for side in Side if any(side in zone.sides for zone in self.zones.values()))

    def keys(self, side: Side) -> tuple[str, ...]:
        """Names of the TSIG keys that a side knows: those of its zones, so that no other is of any use there."""
        zones = [zone for zone in self.on(side).values() if zone.transferred_from is side]
        transfers = {name for zone in zones for name in zone.secondaries}
        return (*([UPDATE_KEY] if zones else []), *(name for name in self.secondaries if name in transfers))

    def on(self, side: Side) -> Mapping[str, Zone]:
        """Zones of a side, without those of `reverse`."""
        return {name: zone for name, zone in self.zones.items() if side in zone.sides}

    def everything(self) -> "DnsSettings":
        """The section switched on."""
        return self.model_copy(update={"enabled": True})

    def zone_of(self, host: str) -> str | None:
        """Zone that a host lies in: the longest of those that fit."""
        found = [zone for zone in self.zones if host == zone or host.endswith(f".{zone}")]
        return max(found, key=len, default=None)


def absent() -> DnsSettings:
    """What a stack file without the section says."""
    return DnsSettings(enabled=False)
