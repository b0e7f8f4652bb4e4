"""Phase 4: the services that people use. Each stands alone; a failing one does not touch the others."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.gitea import server as gitea
from components.gitea.runner import GiteaRunner, GiteaRunnerArgs
from components.gitea.server import Gitea, GiteaArgs
from components.harbor import server as harbor
from components.harbor.server import Harbor, HarborArgs
from components.matrix import authentication
from components.matrix import server as matrix
from components.matrix.server import Matrix, MatrixArgs
from components.namespace import Namespace
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from components.service import service_namespace
from declarations import oidc
from lib.names import CLUSTER_ISSUER, VAULT_ISSUER
from lib.names import Namespace as Names
from settings.model import Settings
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
    ingress: pulumi.Input[str]


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, integration: Integration) -> Services:
    """Brings up the enabled services on working logins."""
    settings = site.settings
    phase = Phase(
        "phase4-services",
        PhaseArgs(after=integration.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)
    given = _given(cluster, infrastructure)
    # Chat has its certificates signed by Vault. The others keep the issuer that needs no Vault for a renewal.
    signed_by_vault: _Given = {**given, "issuer_ready": infrastructure.certificate_issuer, "issuer": VAULT_ISSUER}

    namespaces = _namespaces(settings, cluster, in_phase)
    services: dict[str, Gitea | Harbor | Matrix] = {}
    runners: list[GiteaRunner] = []
    if settings.gitea.enabled:
        forge = services["gitea"] = Gitea(
            "gitea",
            GiteaArgs(
                chart=site.charts["gitea"],
                namespace=namespaces[Names.GITEA],
                application=oidc.gitea(settings),
                settings=settings.gitea,
                ssh_address=settings.network.load_balancers.git_ssh,
                people=settings.identity.members(settings.gitea.login_groups),
                **given,
            ),
            in_phase,
        )
        if settings.gitea.actions.enabled:
            runners.append(_runners(site, cluster, infrastructure, forge.ready, in_phase))
    if settings.harbor.enabled:
        services["harbor"] = Harbor(
            "harbor",
            HarborArgs(
                chart=site.charts["harbor"],
                namespace=namespaces[Names.HARBOR],
                application=oidc.harbor(settings),
                settings=settings.harbor,
                **given,
            ),
            in_phase,
        )
    if settings.matrix.enabled:
        services["matrix"] = Matrix(
            "matrix",
            MatrixArgs(
                chart=site.charts["matrix-stack"],
                namespace=namespaces[Names.MATRIX],
                application=oidc.matrix(settings),
                settings=settings.matrix,
                administrators=authentication.administrators(settings),
                people=settings.identity.members(settings.matrix.login_groups),
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


def _given(cluster: Cluster, infrastructure: Infrastructure) -> _Given:
    return {
        "secrets": infrastructure.secrets,
        "ready": [infrastructure.store],
        "ca_certificate": cluster.ca_certificate,
        "storage_class": cluster.storage_class,
        "issuer_ready": cluster.issuer,
        "issuer": CLUSTER_ISSUER,
        "ingress": cluster.ingress,
    }


def _namespaces(settings: Settings, cluster: Cluster, opts: pulumi.ResourceOptions) -> dict[Names, Namespace]:
    """The namespace of every service that is on, or whose data is to stay."""
    return {
        name: service_namespace(name, cluster.ca_certificate, openings, opts)
        for name, service, openings in (
            (Names.GITEA, settings.gitea, gitea.OPENINGS),
            (Names.HARBOR, settings.harbor, harbor.openings(settings.harbor)),
            (Names.MATRIX, settings.matrix, matrix.OPENINGS),
        )
        if service.kept
    }


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
