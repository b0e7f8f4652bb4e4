"""Certificates that everybody trusts, before the first host that people reach."""

import pulumi

from components.acme.certificates import PublicCertificates, PublicCertificatesArgs
from components.phase import Phase, PhaseArgs
from register.certificates import certificates, secret_names
from stacks.contracts import Cluster, Infrastructure, PublicHosts, Site


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure) -> PublicHosts:
    """Orders every certificate; with the program's own CA there is nothing to order, and nothing is made."""
    ordered = certificates(site.settings)
    if not ordered:
        return {}
    phase = Phase(
        "certificates",
        PhaseArgs(after=infrastructure.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    public = PublicCertificates(
        "public-certificates",
        PublicCertificatesArgs(
            namespace=cluster.cert_manager,
            settings=site.settings.certificates,
            certificates=ordered,
            dns_token=site.secrets.acme_dns_token,
            kept=site.secrets.kept_certificates,
            cert_manager=cluster.issuer,
        ),
        pulumi.ResourceOptions(parent=phase),
    )
    return {host: public.secret_names[name] for host, name in secret_names(site.settings).items()}
