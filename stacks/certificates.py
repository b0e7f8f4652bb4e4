"""Certificates that everybody trusts, before the first host that people reach."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi

from components.acme.certificates import PublicCertificates, PublicCertificatesArgs
from components.dns.names import tsig_path, updates
from components.phase import Phase, PhaseArgs
from components.platform_secrets import WrittenSecret
from register.certificates import certificates, secret_names
from settings.dns import UPDATE_KEY
from settings.platform import OWN_DNS
from stacks.contracts import Cluster, Gates, Infrastructure, PublicHosts, Site


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, served: Gates) -> PublicHosts:
    """Orders every certificate; with the program's own CA there is nothing to order, and nothing is made.

    Args:
        served: Gates of the cluster's own zones, in which challenges are answered.
    """
    ordered = certificates(site.settings)
    if not ordered:
        return {}
    own = site.settings.certificates.solver == OWN_DNS
    phase = Phase(
        "certificates",
        PhaseArgs(after=(*infrastructure.ready, *(served if own else ()))),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    public = PublicCertificates(
        "public-certificates",
        PublicCertificatesArgs(
            namespace=cluster.cert_manager,
            settings=site.settings.certificates,
            certificates=ordered,
            **_solver(site, infrastructure),
            kept=site.secrets.kept_certificates,
            store_ready=[infrastructure.store],
        ),
        pulumi.ResourceOptions(parent=phase),
    )
    return {host: public.secret_names[name] for host, name in secret_names(site.settings).items()}


class _Solver(TypedDict):
    """By what the hosts are proven to be ours."""

    nameservers: Mapping[str, str]
    update_key: WrittenSecret | None
    dns_token: pulumi.Output[str] | None


def _solver(site: Site, infrastructure: Infrastructure) -> _Solver:
    settings = site.settings
    if settings.certificates.solver != OWN_DNS:
        return {"nameservers": {}, "update_key": None, "dns_token": site.secrets.acme_dns_token}
    return {
        "nameservers": {zone: updates(settings, zone) for zone in settings.dns.zones},
        "update_key": infrastructure.secrets[tsig_path(UPDATE_KEY)],
        "dns_token": None,
    }
