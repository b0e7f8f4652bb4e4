"""The edge: servers in the internet that lead to the cluster."""

import pulumi
import pulumi_command as command

from components.edge import dnsdist, haproxy
from components.edge.server import EdgeServer, EdgeServerArgs, Marked
from components.kubernetes.values.traefik import EdgeEntry
from components.phase import Phase, PhaseArgs
from lib.kubernetes import digest
from settings.dns import Side
from settings.model import Settings
from stacks.contracts import Cluster, Site

_SSH_PORT, _DNS_PORT = 22, 53


def build(site: Site, cluster: Cluster) -> None:
    """Configures every server. They need the ingress alone, and what is behind it they find by themselves."""
    settings, key = site.settings, site.secrets.edge_ssh_key
    if not settings.edge.servers or key is None:
        return
    phase = Phase("edge", PhaseArgs(after=cluster.ready))
    # Of its own: that of the machines goes with them, and an existing cluster has none.
    provider = command.Provider("edge-command", opts=pulumi.ResourceOptions(parent=phase))
    for name, server in settings.edge.servers.items():
        EdgeServer(
            f"edge-{name}",
            EdgeServerArgs(ssh=server.ssh, private_key=key, haproxy=haproxy_of(settings), dnsdist=dnsdist_of(settings)),
            pulumi.ResourceOptions(parent=phase, providers=[provider]),
        )


def entry(settings: Settings) -> EdgeEntry | None:
    """How the ingress of the cluster lets them in; None without any."""
    edge = settings.edge
    if not edge.servers:
        return None
    return EdgeEntry(node_port=edge.node_port, sources=tuple(map(str, edge.sources)), unpublished=settings.unpublished)


def haproxy_of(settings: Settings) -> Marked:
    """What every server's HAProxy runs with; its mark is the digest of the rest."""
    edge, domain = settings.edge, settings.cluster.domain
    hosts = (*settings.resolved_names, *settings.other_hosts)
    below = f".{domain}"
    args = haproxy.HaproxyConfiguration(
        paths={name: f"{address}:{edge.node_port}" for name, address in settings.edge_workers.items()},
        domain=domain,
        hosts=tuple(dict.fromkeys(host for host in hosts if host != domain and not host.endswith(below))),
        unpublished=settings.unpublished,
        probe=settings.identity.host,
        limits=edge.limits,
        git_ssh=_git_ssh(settings),
    )
    mark = digest(haproxy.configuration(args, ""))
    return Marked(mark, haproxy.configuration(args, mark))


def _git_ssh(settings: Settings) -> tuple[int, str] | None:
    port = settings.edge.git_ssh_port
    return None if port is None else (port, f"{settings.network.load_balancers.git_ssh}:{_SSH_PORT}")


def dnsdist_of(settings: Settings) -> str | None:
    """What every server's dnsdist runs with; None without `edge.dns`."""
    address = settings.network.load_balancers.dns_internet
    if not settings.edge.dns or address is None:
        return None
    return dnsdist.configuration(
        dnsdist.DnsdistConfiguration(
            zones=tuple(settings.dns.on(Side.INTERNET)),
            nameserver=f"{address}:{_DNS_PORT}",
            queries_per_client=settings.edge.limits.queries_per_client,
        )
    )
