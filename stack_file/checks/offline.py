"""Checks of a site without the internet: what it runs on must come from somewhere (docs/offline.md)."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from register.charts import registries
from settings.infrastructure import FACTORY
from settings.model import Settings
from settings.problem import Problem

_UNREACHED = "which the site does not reach (network.internet)"
_PAGE = "docs/offline.md"


def images_have_a_mirror(settings: Settings) -> Iterator[Problem]:
    """Of nodes that this program configures; those of an existing cluster are somebody else's."""
    talos = settings.talos
    if talos is None or settings.network.internet:
        return
    missing = sorted(registries(settings) - set(talos.registry_mirrors))
    if missing:
        clash = f"not among them, and with images that the nodes need, {_UNREACHED}"
        yield Problem("talos.registryMirrors", ", ".join(missing), clash, "name a mirror of each")
    if talos.factory == FACTORY:
        yield Problem("talos.factory", FACTORY, f"is on the internet, {_UNREACHED}", f"name one of the site ({_PAGE})")


def charts_have_a_mirror(settings: Settings) -> Iterator[Problem]:
    if settings.charts.mirror is None and not settings.network.internet:
        clash = f"means repositories on the internet, {_UNREACHED}"
        yield Problem("charts.mirror", "none", clash, "name a mirror, such as oci://mirror.lan/charts")


def servers_are_of_the_site(settings: Settings) -> Iterator[Problem]:
    network = settings.network
    if network.internet:
        return
    if settings.talos is not None and not network.time_servers:
        clash = f"means time.cloudflare.com, {_UNREACHED}"
        yield Problem("network.timeServers", "none", clash, "name a time server of the LAN")
    servers = [("network.timeServers", one) for one in network.time_servers if one.replace(".", "").isdigit()]
    servers += [("network.resolvers", str(one)) for one in network.resolvers]
    for key, server in dict.fromkeys(servers):
        if IPv4Address(server).is_global:
            yield Problem(key, server, f"is an address of the internet, {_UNREACHED}", "name a server of the LAN")


def certificates_are_of_the_site(settings: Settings) -> Iterator[Problem]:
    section = settings.certificates
    if section.acme and not settings.network.internet:
        yield Problem("certificates.issuer", section.issuer, f"is on the internet, {_UNREACHED}", "use internal-ca")


ALL = (images_have_a_mirror, charts_have_a_mirror, servers_are_of_the_site, certificates_are_of_the_site)
