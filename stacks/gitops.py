"""GitOps: Flux applies what lives under its Git path, and nothing that this program owns."""

from urllib.parse import urlsplit

import pulumi

from components.flux.bootstrap import Flux, FluxArgs
from components.phase import Phase, PhaseArgs
from stacks.contracts import Cluster, Site


def build(site: Site, cluster: Cluster) -> None:
    """Brings Flux up. It needs the cluster only, so no failed phase holds it back."""
    if not site.settings.gitops.enabled:
        return
    phase = Phase("gitops", PhaseArgs(after=cluster.ready), pulumi.ResourceOptions(providers=[cluster.kubernetes]))
    Flux(
        "flux",
        FluxArgs(
            chart=site.charts["flux-operator"],
            settings=site.settings.gitops,
            git_username=site.secrets.git_username,
            git_token=site.secrets.git_token,
            ca_certificate=cluster.trusted if _is_own_host(site) else None,
        ),
        pulumi.ResourceOptions(parent=phase),
    )


def _is_own_host(site: Site) -> bool:
    """Whether the repository lies on a host of this cluster, such as its own Gitea, whose certificate only the cluster
    trusts. Flux finds the host by the cluster's own name service, and tries again until it answers.
    """
    sync = site.settings.gitops.sync
    parts = urlsplit(sync.url if sync is not None else "")
    return parts.scheme == "https" and parts.hostname in site.settings.hosts.values()
