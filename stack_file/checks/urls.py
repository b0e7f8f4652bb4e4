"""Checks of URLs of the stack file that lead to the platform itself: somebody has to listen there."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from settings.model import Settings
from settings.problem import Problem

_PORTS = {"http": 80, "https": 443, "ssh": 22}


def urls_of_the_platform_have_a_listener(settings: Settings) -> Iterator[Problem]:
    """Traefik listens on 443, and on 80 to send people there; Gitea on 22 of the host for SSH."""
    ssh = {host: key for key, (host, _) in settings.balanced_hosts.items()}
    ingress = {*settings.resolved_names, *(one.host for one in settings.identity.proxied.values())}
    for key, url in ((key, url) for key, url in _urls(settings) if url):
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
        if host in ssh and (parts.scheme, port) != ("ssh", _PORTS["ssh"]):
            clash = f"leads to port {port} of {ssh[host]}, where only SSH is served, on {_PORTS['ssh']}"
            pages = settings.hosts[ssh[host].split(".")[0]]
            yield Problem(key, url, clash, f"write https://{pages}/, or ssh:// without a port")
        elif host in ingress and parts.scheme == "ssh":
            other = f"write ssh://git@{next(iter(ssh))}/" if ssh else "write https://"
            yield Problem(key, url, f"leads to {host}, where Traefik listens and no SSH", other)
        elif host in ingress and port != _PORTS.get(parts.scheme):
            clash = f"leads to port {port} of {host}, which Traefik serves on {_PORTS['https']} alone"
            yield Problem(key, url, clash, "leave the port out")


def the_endpoint_is_of_proxmox(settings: Settings) -> Iterator[Problem]:
    """Its provider takes https alone (proxmox/api/client.go of bpg/terraform-provider-proxmox)."""
    if settings.proxmox is None:
        return
    endpoint, key = settings.proxmox.endpoint, "proxmox.endpoint"
    network = settings.network
    made = {host: name for name, host in settings.own_hosts.items()}
    made |= {str(network.vip): "network.vip"} if network.vip is not None else {}
    made |= {str(node.address): f"node {node.name}" for node in settings.talos.nodes} if settings.talos else {}
    made |= dict.fromkeys(map(str, settings.addresses.values()), "network.loadBalancers")
    if endpoint.scheme != "https":
        yield Problem(key, endpoint, "is not https, which Proxmox alone serves", "begin it with https://")
    if "/api2" in (endpoint.path or ""):
        yield Problem(
            key, endpoint, "has the path of the API, which is added to it", "leave out what begins with /api2"
        )
    if endpoint.host in made:
        clash = f"leads to {made[endpoint.host]}, which is made by means of Proxmox"
        yield Problem(key, endpoint, clash, "name a host of Proxmox itself")


def _urls(settings: Settings) -> Iterator[tuple[str, str]]:
    identity = settings.identity
    yield from (("identity.url", identity.url or ""), ("vault.address", settings.vault.address or ""))
    yield "monitoring.runbooks", settings.monitoring.runbooks or ""
    for section, applications in (("applications", identity.applications), ("proxied", identity.proxied)):
        for slug, application in applications.items():
            yield f"identity.{section}.{slug}.launchUrl", application.launch_url or ""
    if settings.gitops.sync is not None:
        yield "gitops.sync.url", settings.gitops.sync.url or ""
    for name, service in settings.services.items():
        yield from ((f"{name}.{key}", url) for key, url in service.urls.items())
    for host, mirrors in settings.talos.registry_mirrors.items() if settings.talos is not None else ():
        yield from ((f"talos.registryMirrors.{host}", str(mirror)) for mirror in mirrors)
