"""Secrets of DNS: the key of each side's API, TSIG keys, and the keys that zones are signed with."""

from collections.abc import Iterator

from components.acme.names import TSIG_SECRET
from components.dns import names
from declarations.shared_secrets import database
from lib.names import SystemNamespace
from lib.secrets import Field, Kind, Reader, SecretDeclaration, password
from settings.dns import UPDATE_KEY, Side
from settings.model import Settings
from settings.platform import OWN_DNS

_POD = (f"Deployment/{names.WORKLOAD}",)
SERVER, TSIG, SIGNING = "powerdns", "tsig", "signing"
"""Secrets in the namespace of each side: what its pods read, and what the Job writes into PowerDNS."""


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    """Every secret of the sides that there are."""
    dns = settings.dns
    return (
        *(one for side in dns.sides for one in _side(side)),
        *(_tsig(settings, key) for key in dict.fromkeys(key for side in dns.sides for key in dns.keys(side))),
        *(_signing(settings, zone) for zone, declared in dns.zones.items() if dns.enabled and declared.dnssec),
    )


def _side(side: Side) -> Iterator[SecretDeclaration]:
    reader = Reader(namespace=names.NAMESPACES[side], secret=SERVER, restarts=_POD)
    yield database(names.DATABASES[side], reader)
    external_dns = f"Deployment/{names.EXTERNAL_DNS[side]}"
    yield SecretDeclaration(
        path=names.API_KEYS[side],
        fields=(password("api-key", 48),),
        readers=(Reader(namespace=names.NAMESPACES[side], secret=SERVER, restarts=(*_POD, external_dns)),),
        window="names of Ingresses do not follow until both have restarted; questions are answered all the time",
    )


def _readers(settings: Settings, secret: str, sides: tuple[Side, ...]) -> tuple[Reader, ...]:
    return tuple(
        Reader(
            namespace=names.NAMESPACES[side],
            secret=secret,
            follows="a Job writes it into PowerDNS",
            keeps="PowerDNS' database",
        )
        for side in settings.dns.sides
        if side in sides
    )


def _tsig(settings: Settings, key: str) -> SecretDeclaration:
    sides = tuple(side for side in settings.dns.sides if key in settings.dns.keys(side))
    return SecretDeclaration(
        path=names.tsig_path(key),
        fields=(Field(name="key", kind=Kind.BASE64, size=32),),
        readers=(*_readers(settings, TSIG, sides), *(_certificates(settings) if key == UPDATE_KEY else ())),
        window="whoever has the old key is refused until it has the new one",
    )


def _certificates(settings: Settings) -> Iterator[Reader]:
    if settings.certificates.solver == OWN_DNS:
        follows = "cert-manager reads it for each challenge"
        yield Reader(namespace=SystemNamespace.CERT_MANAGER, secret=TSIG_SECRET, follows=follows)


def _signing(settings: Settings, zone: str) -> SecretDeclaration:
    """One key for both sides: a resolver that validates finds the same one wherever it asks."""
    return SecretDeclaration(
        path=names.signing_path(zone),
        fields=(Field(name="key", kind=Kind.EC_PRIVATE_KEY),),
        readers=_readers(settings, SIGNING, settings.dns.zones[zone].sides),
        permanent="the parent of the zone knows it by its DS record",
    )
