"""Checks of the certificates that Let's Encrypt is to sign."""

from collections.abc import Iterator

from declarations.service import Check
from register.certificates import certificates
from settings.model import Settings
from settings.platform import OWN_DNS
from settings.problem import Problem

_NOT_IN_THE_WORLD = frozenset(
    (
        *("alt", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"),
        *("localhost", "onion", "private", "test"),
    )
)
"""Top-level domains that the world's DNS has not: reserved ones (RFC 2606, 6761, 6762, 9476, `internal` by ICANN), and
those that homes and companies made up.
"""
_HOME = "home.arpa"
"""RFC 8375."""


def what_an_acme_issuer_needs(settings: Settings) -> Iterator[Problem]:
    section = settings.certificates
    if section.acme:
        for key, value in (("email", section.email), ("solver", section.solver)):
            if value is None:
                fix = f"add certificates.{key}, or use internal-ca"
                yield Problem("certificates.issuer", section.issuer, f"needs certificates.{key}", fix)
        return
    given = {"email": section.email, "solver": section.solver, "wildcard": "true" if section.wildcard else None}
    for key, value in given.items():
        if value is not None:
            clash = f"is of no use with certificates.issuer {section.issuer}"
            yield Problem(f"certificates.{key}", value, clash, "remove it, or choose acme-staging")


def the_world_knows_the_domain(settings: Settings) -> Iterator[Problem]:
    """A CA of the world signs for names in the world's DNS alone (CA/Browser Forum, Baseline Requirements 4.2.2)."""
    inner = {name: _inner(name) for one in certificates(settings) for name in one.names}
    found = {ending: name for name, ending in inner.items() if ending}
    for ending, name in found.items():
        clash = f"cannot sign for {name.removeprefix('*.')}: .{ending} is not in the DNS of the world"
        fix = "use a domain that is registered to you, or internal-ca"
        yield Problem("certificates.issuer", settings.certificates.issuer, clash, fix)


def names_are_in_the_zones(settings: Settings) -> Iterator[Problem]:
    section, dns = settings.certificates, settings.dns
    if not section.acme or section.solver != OWN_DNS:
        return
    if not dns.enabled:
        fix = "add the section dns, or name the provider that the domain is at"
        yield Problem("certificates.solver", section.solver, "updates zones of the section dns, which is off", fix)
        return
    for name in dict.fromkeys(name.removeprefix("*.") for one in certificates(settings) for name in one.names):
        if dns.zone_of(name) is None:
            clash = f"cannot prove {name}, which lies in no zone of dns.zones"
            yield Problem("certificates.solver", section.solver, clash, f"declare the zone of {name} there")


def _inner(name: str) -> str:
    """The ending by which a name is not in the DNS of the world; empty where it may be."""
    if f".{name}".endswith(f".{_HOME}"):
        return _HOME
    top = name.rpartition(".")[2]
    return top if top in _NOT_IN_THE_WORLD else ""


ALL: tuple[Check, ...] = (what_an_acme_issuer_needs, the_world_knows_the_domain, names_are_in_the_zones)
