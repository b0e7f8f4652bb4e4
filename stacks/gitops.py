"""GitOps: Flux applies what lives under its Git path, and nothing that this program owns."""

import pulumi

from components.flux import Flux, FluxArgs
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
        ),
        pulumi.ResourceOptions(parent=phase),
    )
