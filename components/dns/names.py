"""Names that the parts of DNS, and those who talk to it, must agree on."""

from collections.abc import Mapping

from lib.names import SERVICES_DOMAIN, SystemNamespace
from settings.dns import Side
from settings.model import Settings

NAMESPACES: Mapping[Side, SystemNamespace] = {
    Side.LAN: SystemNamespace.DNS,
    Side.INTERNET: SystemNamespace.DNS_INTERNET,
}
"""Each side is alone in its namespace."""
DATABASES: Mapping[Side, str] = {side: str(namespace) for side, namespace in NAMESPACES.items()}
API_KEYS: Mapping[Side, str] = {side: f"powerdns/{side}" for side in Side}
"""Path of the secret with the key of each side's API, field `api-key`."""

EXTERNAL_DNS: Mapping[Side, str] = {Side.LAN: "external-dns", Side.INTERNET: "external-dns-internet"}
"""Release of each side; its objects without a namespace are named after it."""

WORKLOAD = "powerdns"
"""Deployment and Secret of a side."""
SERVICES: Mapping[Side, str] = {Side.LAN: WORKLOAD, Side.INTERNET: f"{WORKLOAD}-internet"}
"""Service of type LoadBalancer; the pool of its address is named after it."""
DNS_PORT, API_PORT = 53, 8081
POD_PORT = 5300
"""Where a pod listens: below 1024 it may not."""

TSIG_ALGORITHM = "hmac-sha256"


def tsig_path(key: str) -> str:
    """Path of the secret of a TSIG key, field `key`."""
    return f"dns/{key}"


def signing_path(zone: str) -> str:
    """Path of the secret of the key that a zone is signed with, field `key`."""
    return f"dnssec/{zone.replace('.', '-')}"


def host(side: Side) -> str:
    """Name of the Service that answers DNS on 53, TCP and UDP, for pods."""
    return f"{SERVICES[side]}.{NAMESPACES[side]}.{SERVICES_DOMAIN}"


def api_url(side: Side) -> str:
    """Root of the API for pods of the side's namespace."""
    return f"http://{WORKLOAD}-api.{NAMESPACES[side]}.{SERVICES_DOMAIN}:{API_PORT}"


def updates(settings: Settings, host_name: str) -> str:
    """`host:port` that takes updates (RFC 2136) of the zone in which a host lies: the side that the internet sees.

    Raises:
        KeyError: when the host is in no zone; `settings.dns.zone_of` tells.
    """
    zone = settings.dns.zone_of(host_name)
    if zone is None:
        raise KeyError(f"{host_name}: is in no zone of dns.zones ({', '.join(settings.dns.zones) or 'there is none'})")
    return f"{host(settings.dns.zones[zone].transferred_from)}:{DNS_PORT}"
