"""Phase 4: the services that people use. Each stands alone; a failing one does not touch the others."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.gitea import Gitea, GiteaArgs
from components.gitea_runner import GiteaRunner, GiteaRunnerArgs
from components.harbor import Harbor, HarborArgs
from components.matrix import Matrix, MatrixArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from lib import oidc
from lib.matrix import authentication
from lib.names import CLUSTER_ISSUER, VAULT_ISSUER
from stacks import applications
from stacks.contracts import Cluster, Infrastructure, Integration, Services, Site


class _Given(TypedDict):
    """What every service gets."""

    secrets: PlatformSecrets
    ready: Sequence[pulumi.Resource]
    ca_certificate: pulumi.Input[str]
    issuer_ready: pulumi.Resource
    issuer: str
    storage_class: pulumi.Input[str]


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, integration: Integration) -> Services:
    """Brings up the enabled services on working logins."""
    settings = site.settings
    phase = Phase(
        "phase4-services",
        PhaseArgs(after=integration.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)
    given: _Given = {
        "secrets": infrastructure.secrets,
        "ready": [infrastructure.store],
        "ca_certificate": cluster.ca_certificate,
        "storage_class": cluster.storage_class,
        "issuer_ready": cluster.issuer,
        "issuer": CLUSTER_ISSUER,
    }
    # Chat has its certificates signed by Vault. The others keep the issuer that needs no Vault for a renewal.
    signed_by_vault: _Given = {**given, "issuer_ready": infrastructure.certificate_issuer, "issuer": VAULT_ISSUER}

    services: dict[str, Gitea | Harbor | Matrix] = {}
    runners: list[GiteaRunner] = []
    if settings.gitea.enabled:
        gitea = services["gitea"] = Gitea(
            "gitea",
            GiteaArgs(
                chart=site.charts["gitea"],
                application=oidc.gitea(settings),
                settings=settings.gitea,
                ssh_address=settings.network.load_balancers.git_ssh,
                **given,
            ),
            in_phase,
        )
        if settings.gitea.actions.enabled:
            runners.append(_runners(site, cluster, infrastructure, gitea.ready, in_phase))
    if settings.harbor.enabled:
        services["harbor"] = Harbor(
            "harbor",
            HarborArgs(
                chart=site.charts["harbor"],
                application=oidc.harbor(settings),
                settings=settings.harbor,
                **given,
            ),
            in_phase,
        )
    if infrastructure.chat is not None:
        services["matrix"] = Matrix(
            "matrix",
            MatrixArgs(
                chart=site.charts["matrix-stack"],
                application=oidc.matrix(settings),
                settings=settings.matrix,
                server_name=infrastructure.chat.server_name,
                administrators=authentication.administrators(settings),
                **signed_by_vault,
            ),
            in_phase,
        )
    return Services(
        urls={name: service.url for name, service in services.items()},
        ready=(
            *(service.ready for service in (*services.values(), *runners)),
            *applications.build(site, cluster, infrastructure, in_phase),
        ),
    )


def _runners(
    site: Site, cluster: Cluster, infrastructure: Infrastructure, gitea: pulumi.Resource, opts: pulumi.ResourceOptions
) -> GiteaRunner:
    return GiteaRunner(
        "gitea-runner",
        GiteaRunnerArgs(
            settings=site.settings.gitea,
            network=site.settings.network,
            secrets=infrastructure.secrets,
            store=[infrastructure.store],
            ca_certificate=cluster.ca_certificate,
            storage_class=cluster.storage_class,
            gitea=gitea,
        ),
        opts,
    )
