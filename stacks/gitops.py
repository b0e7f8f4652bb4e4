"""GitOps: Flux applies what lives under its Git path, and nothing that this program owns."""

from urllib.parse import urlsplit

import pulumi

from components.flux.bootstrap import Flux, FluxArgs
from components.gitea import repository
from components.phase import Phase, PhaseArgs
from register.namespaces import own_namespaces
from stacks.contracts import Cluster, Gates, Site


def build(site: Site, cluster: Cluster) -> Gates:
    """Brings Flux up. It needs the cluster only, so no failed phase holds it back. A repository of this cluster's
    Gitea, and the account that reads it, come with phase 4: Flux tries again until they are there.
    """
    if not site.settings.gitops.enabled:
        return ()
    phase = Phase("gitops", PhaseArgs(after=cluster.ready), pulumi.ResourceOptions(providers=[cluster.kubernetes]))
    flux = Flux(
        "flux",
        FluxArgs(
            chart=site.charts["flux-operator"],
            settings=site.settings.gitops,
            platform=own_namespaces(site.settings),
            repository=repository.url(site.settings),
            git_username=site.secrets.git_username,
            git_token=site.secrets.git_token,
            git_key=site.secrets.git_key,
            ca_certificate=cluster.trusted if _is_own_host(site) else None,
            pull_secret=repository.SECRET if repository.source(site.settings) is not None else None,
        ),
        pulumi.ResourceOptions(parent=phase),
    )
    return (flux.ready,)


def _is_own_host(site: Site) -> bool:
    """Whether the repository lies on a host of this cluster, such as its own Gitea, whose certificate only the cluster
    trusts. Flux finds the host by the cluster's own name service, and tries again until it answers.
    """
    parts = urlsplit(repository.url(site.settings) or "")
    return parts.scheme == "https" and parts.hostname in site.settings.hosts.values()
