"""Phase 2: Authentik, its people and groups, and the login of every service. Vault has no login yet."""

from typing import TypedDict

import pulumi

from components.authentik.account_token import AccountToken, AccountTokenArgs
from components.authentik.api import AuthentikApi
from components.authentik.application import AuthentikApplication, AuthentikApplicationArgs
from components.authentik.blueprint import Blueprint, BlueprintArgs
from components.authentik.blueprints import paths, users
from components.authentik.forward_auth import ForwardAuth, ForwardAuthArgs
from components.authentik.server import AuthentikServer, AuthentikServerArgs
from components.authentik.system_settings import SystemSettings, SystemSettingsArgs
from components.authentik.values import HTTP_PORT, METRICS_PORT
from components.barrier import passed
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from declarations.forward_auth import proxied_applications
from lib import names
from lib.kubernetes import PodSecurity
from register import logins
from stacks.contracts import Cluster, Identity, Infrastructure, PublicHosts, Site


class _Given(TypedDict):
    """What everything with a secret in Authentik is made with."""

    api: AuthentikApi
    secrets: PlatformSecrets
    store_ready: list[pulumi.Resource]
    after: list[pulumi.Resource]


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, public: PublicHosts) -> Identity:
    """Brings phase 2 up on working secrets and databases."""
    phase = Phase(
        "phase2-identity",
        PhaseArgs(after=infrastructure.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)
    server = _server(site, cluster, infrastructure, public, in_phase)
    strict = SystemSettings(
        "authentik-settings", SystemSettingsArgs(api=server.api), pulumi.ResourceOptions(parent=server)
    )
    people = Blueprint(
        "blueprint-users",
        BlueprintArgs(
            api=server.api,
            slug=paths.USERS,
            text=users.text(
                site.settings.identity, logins.retired_applications(site.settings), site.settings.second_factor_groups
            ),
        ),
        in_phase,
    )
    people_known = passed("blueprint-users-applied", people.ready)
    given: _Given = {
        "api": server.api,
        "secrets": infrastructure.secrets,
        "store_ready": [infrastructure.store],
        "after": [people_known],
    }
    joined = {
        application.slug: AuthentikApplication(
            f"login-{application.slug}", AuthentikApplicationArgs(application=application, **given), in_phase
        ).ready
        for application in logins.service_applications(site.settings)
    }
    for name, token in site.settings.identity.tokens.items():
        AccountToken(paths.token(name), AccountTokenArgs(name=name, token=token, **given), in_phase)
    _forward_auth(site, cluster, server, (people_known, public), in_phase)
    return Identity(
        api=server.api,
        groups=people_known,
        logins=joined,
        urls={"identity": server.url, **{one.slug: one.launch_url for one in proxied_applications(site.settings)}},
        # Nothing of the platform builds on the tokens, or on what stands behind Authentik's login.
        ready=(people_known, strict.ready, *joined.values()),
    )


def _server(
    site: Site, cluster: Cluster, infrastructure: Infrastructure, public: PublicHosts, in_phase: pulumi.ResourceOptions
) -> AuthentikServer:
    settings = site.settings
    namespace = Namespace(
        "authentik-namespace",
        NamespaceArgs(
            name=names.SystemNamespace.AUTHENTIK,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=cluster.trusted,
            routed_ports=(HTTP_PORT,),
            metrics_ports=(METRICS_PORT,),
        ),
        in_phase,
    )
    proxied = proxied_applications(settings)
    return AuthentikServer(
        "authentik",
        AuthentikServerArgs(
            chart=site.charts["authentik"],
            namespace=namespace,
            identity=settings.identity,
            pods=settings.network.pods,
            secrets=infrastructure.secrets,
            store_ready=[infrastructure.store],
            issuer_ready=cluster.issuer,
            ingress=cluster.ingress,
            applications=logins.possible_applications(settings),
            blueprints=[*(one.slug for one in proxied), *([paths.OUTPOST] if proxied else [])],
            tokens=tuple(settings.identity.tokens),
            public=public,
        ),
        in_phase,
    )


def _forward_auth(
    site: Site,
    cluster: Cluster,
    server: AuthentikServer,
    given: tuple[pulumi.Resource, PublicHosts],
    in_phase: pulumi.ResourceOptions,
) -> None:
    people, public = given
    applications = proxied_applications(site.settings)
    if applications:
        ForwardAuth(
            "forward-auth",
            ForwardAuthArgs(
                api=server.api,
                auth_host=site.settings.identity.host,
                applications=applications,
                issuer_ready=cluster.issuer,
                after=[people],
                public=public,
            ),
            in_phase,
        )
