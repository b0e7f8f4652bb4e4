"""Certificates that Let's Encrypt signs, over all services: whose hosts are in which, and who gets a copy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from declarations.forward_auth import proxied_applications
from lib.names import SystemNamespace
from register.services import SERVICES
from settings.model import Settings

WILDCARD = "tls-wildcard"


@dataclass(frozen=True, kw_only=True)
class PublicCertificate:
    """A certificate of hosts that people reach.

    Attributes:
        name: Of the Certificate and of its Secret, in the namespace of cert-manager and in those of `namespaces`.
        names: What it is valid for, wildcards included.
        namespaces: Where an Ingress shows it.
    """

    name: str
    names: tuple[str, ...]
    namespaces: tuple[str, ...]


def certificates(settings: Settings) -> tuple[PublicCertificate, ...]:
    """Every certificate to be ordered; none with the program's own CA."""
    if not settings.certificates.acme:
        return ()
    single = tuple(_of_each(settings))
    if not settings.certificates.wildcard:
        return single
    domain = settings.cluster.domain
    return (
        PublicCertificate(
            name=WILDCARD,
            names=_wildcards(domain, [host for one in single for host in one.names]),
            namespaces=tuple(dict.fromkeys(namespace for one in single for namespace in one.namespaces)),
        ),
    )


def secret_names(settings: Settings) -> Mapping[str, str]:
    """Name of the Secret with the certificate of a host, by the host."""
    if not settings.certificates.acme:
        return {}
    wildcard = settings.certificates.wildcard
    return {host: WILDCARD if wildcard else one.name for one in _of_each(settings) for host in one.names}


def _of_each(settings: Settings) -> Iterator[PublicCertificate]:
    """One certificate for each service."""
    yield _single("identity", [settings.identity.host], SystemNamespace.AUTHENTIK)
    yield _single("vault", [settings.vault.host], SystemNamespace.VAULT)
    for one in proxied_applications(settings):
        yield _single(f"login-{one.slug}", [one.host], SystemNamespace.AUTHENTIK)
    for service in SERVICES:
        section = settings.section(service.section)
        if section.enabled:
            yield _single(service.slug, [*section.hosts.values(), *section.delegated.values()], service.namespace)


def _single(name: str, hosts: list[str], namespace: str) -> PublicCertificate:
    return PublicCertificate(name=f"tls-{name}", names=tuple(dict.fromkeys(hosts)), namespaces=(str(namespace),))


def _wildcards(domain: str, hosts: list[str]) -> tuple[str, ...]:
    """Names for all hosts: a wildcard stands for one label alone (RFC 6125, section 6.4.3)."""
    below = (f"*.{host.partition('.')[2]}" if host.endswith(f".{domain}") else host for host in hosts)
    return tuple(dict.fromkeys(below))
