"""Phase 2: Authentik, its people and groups, and the login of every service. Vault has no login yet."""

import pulumi

from components.authentik.application import AuthentikApplication, AuthentikApplicationArgs
from components.authentik.blueprint import Blueprint, BlueprintArgs
from components.authentik.server import AuthentikServer, AuthentikServerArgs
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from lib import names, oidc
from lib.blueprints import paths, users
from lib.kubernetes import PodSecurity
from lib.values.authentik import METRICS_PORT
from stacks.contracts import Cluster, Identity, Infrastructure, Site


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure) -> Identity:
    """Brings phase 2 up on working secrets and databases."""
    settings = site.settings
    phase = Phase(
        "phase2-identity",
        PhaseArgs(after=infrastructure.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)

    namespace = Namespace(
        "authentik-namespace",
        NamespaceArgs(
            name=names.Namespace.AUTHENTIK,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=cluster.ca_certificate,
            from_namespaces=(names.Namespace.TRAEFIK,),
            metrics_ports=(METRICS_PORT,),
        ),
        in_phase,
    )
    server = AuthentikServer(
        "authentik",
        AuthentikServerArgs(
            chart=site.charts["authentik"],
            namespace=namespace,
            identity=settings.identity,
            pods=settings.network.pods,
            secrets=infrastructure.secrets,
            store_ready=[infrastructure.store],
            issuer_ready=cluster.issuer,
            applications=oidc.possible_applications(settings),
        ),
        in_phase,
    )
    people = Blueprint(
        "blueprint-users",
        BlueprintArgs(
            api=server.api,
            slug=paths.USERS,
            text=users.text(settings.identity, oidc.retired_applications(settings)),
        ),
        in_phase,
    )
    logins = [
        AuthentikApplication(
            f"login-{application.slug}",
            AuthentikApplicationArgs(
                api=server.api,
                application=application,
                secrets=infrastructure.secrets,
                store_ready=[infrastructure.store],
                after=[people.ready],
            ),
            in_phase,
        )
        for application in oidc.service_applications(settings)
    ]
    return Identity(
        api=server.api,
        groups=people.ready,
        urls={"identity": server.url},
        ready=(people.ready, *(login.ready for login in logins)),
    )
