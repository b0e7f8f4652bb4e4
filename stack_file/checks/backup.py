"""Checks of where backups go: outside what they are made of, and by a way that nobody reads along."""

from collections.abc import Iterator
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from settings.model import Settings
from settings.problem import Problem


def backups_have_one_target(settings: Settings) -> Iterator[Problem]:
    if settings.backup is None:
        return
    target = settings.backup.target
    if target.s3 is None and target.nfs is None:
        yield Problem("backup.target", "nothing", "says where backups go", "add s3 or nfs below it")
    if target.s3 is not None and target.nfs is not None:
        clash = "and backup.target.s3 are two targets, of which a restore would have to guess one"
        yield Problem("backup.target.nfs", target.nfs.server, clash, "remove one of the two")


def backups_go_unread(settings: Settings) -> Iterator[Problem]:
    """Databases are encrypted by nobody but the target: on the way to it, TLS is all there is."""
    s3 = settings.backup.target.s3 if settings.backup is not None else None
    if s3 is not None and s3.endpoint.startswith("http:") and not _is_private(_host(s3.endpoint)):
        clash = "is not encrypted, and the way there is not within a private network"
        yield Problem("backup.target.s3.endpoint", s3.endpoint, clash, "write https://, or an address of the LAN")


def backups_lie_outside(settings: Settings) -> Iterator[Problem]:
    """What the cluster serves itself is away exactly when it is needed."""
    if settings.backup is None:
        return
    target, network = settings.backup.target, settings.network
    made = {host: name for name, host in settings.own_hosts.items()}
    made |= {str(network.vip): "network.vip"} if network.vip is not None else {}
    made |= {str(node.address): f"node {node.name}" for node in settings.talos.nodes} if settings.talos else {}
    made |= dict.fromkeys(map(str, settings.addresses.values()), "network.loadBalancers")
    asked = {
        "backup.target.s3.endpoint": _host(target.s3.endpoint) if target.s3 is not None else "",
        "backup.target.nfs.server": target.nfs.server if target.nfs is not None else "",
    }
    for key, host in asked.items():
        if host in made or host.endswith((".cluster.local", ".svc")):
            clash = f"leads to {made.get(host, 'a Service')}, which is lost with what the backups are of"
            yield Problem(key, host, clash, "name a server outside the cluster")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _is_private(host: str) -> bool:
    try:
        return IPv4Address(host).is_private
    except ValueError:
        return False


ALL = (backups_have_one_target, backups_go_unread, backups_lie_outside)
