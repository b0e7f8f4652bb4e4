"""DNS: the cluster answers for its own names. Only certificates that are proven in its zones wait for it: pods find the
hosts by CoreDNS.
"""

import pulumi

from components.dns.external_dns import METRICS_PORT as EXTERNAL_DNS_METRICS_PORT
from components.dns.names import API_PORT, DATABASES, NAMESPACES, POD_PORT
from components.dns.server import PowerDns, PowerDnsArgs
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from lib.kubernetes import PodSecurity
from settings.dns import Side
from stacks.contracts import Cluster, Gates, Infrastructure, Site


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure) -> Gates:
    """Brings up the nameservers of every side, on the databases and secrets of phase 1."""
    settings, balancers = site.settings, site.settings.network.load_balancers
    addresses = {Side.LAN: balancers.dns, Side.INTERNET: balancers.dns_internet}
    sides = [(side, address) for side, address in addresses.items() if side in settings.dns.sides and address]
    if not sides:
        return ()
    phase = Phase(
        "dns",
        PhaseArgs(after=(*cluster.ready, *(infrastructure.postgres.databases[DATABASES[side]] for side, _ in sides))),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)
    gates: list[pulumi.Resource] = []
    for side, address in sides:
        namespace = Namespace(
            f"{NAMESPACES[side]}-namespace",
            NamespaceArgs(
                name=NAMESPACES[side],
                pod_security=PodSecurity.RESTRICTED,
                ca_certificate=cluster.ca_certificate,
                open_ports=(POD_PORT,),
                open_udp_ports=(POD_PORT,),
                metrics_ports=(API_PORT, EXTERNAL_DNS_METRICS_PORT),
            ),
            in_phase,
        )
        server = PowerDns(
            str(NAMESPACES[side]),
            PowerDnsArgs(
                settings=settings,
                side=side,
                address=address,
                namespace=namespace,
                external_dns=site.charts["external-dns"],
                secrets=infrastructure.secrets,
                store_ready=[infrastructure.store],
            ),
            in_phase,
        )
        gates += server.ready
    return tuple(gates)
