"""Everything Authentik holds of one OIDC application, from its one declaration."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.authentik.api import AuthentikApi
from components.authentik.blueprint import Blueprint, BlueprintArgs, BlueprintSecret
from components.authentik.blueprints import application as blueprint
from components.authentik.blueprints import paths
from components.authentik.discovery import Discovery, DiscoveryArgs
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.platform_secrets import PlatformSecrets
from declarations.oidc import OidcApplication


@dataclass(frozen=True, kw_only=True)
class AuthentikApplicationArgs:
    """The application.

    Attributes:
        after: The blueprint with the groups that the application names.
    """

    api: AuthentikApi
    application: OidcApplication
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    after: Sequence[pulumi.Resource]


class AuthentikApplication(pulumi.ComponentResource):
    """Creates:

    - `<name>-secret`: ExternalSecret `authentik-oidc-<slug>` with the client secret and its generation; not for a
      public client, which has none.
    - `<name>-blueprint`: Blueprint with provider, application and access.
    - `<name>-discovery`: Discovery gate.

    Attributes:
        ready: Gate: the application's OIDC discovery answers on the public name as declared.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: AuthentikApplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/application:AuthentikApplication", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        application = args.application
        client = None if application.public else self._client(name, args)
        applied = Blueprint(
            f"{name}-blueprint",
            BlueprintArgs(
                api=args.api,
                slug=application.slug,
                text=blueprint.text(application, None if client is None else client.generation),
                secret=client,
                after=args.after,
            ),
            child,
        )
        self.ready = Discovery(
            f"{name}-discovery",
            DiscoveryArgs(api=args.api, application=application, applied=applied.ready),
            child,
        ).ready
        self.register_outputs({})

    def _client(self, name: str, args: AuthentikApplicationArgs) -> BlueprintSecret:
        written = args.secrets[args.application.secret_path]
        generation = written.declaration.generation
        secret = ExternalSecret(
            f"{name}-secret",
            ExternalSecretArgs(
                namespace=args.api.namespace,
                secret_name=paths.client_secret(args.application.slug),
                keys=[SecretKey("secret", written, paths.CLIENT_SECRET)],
                # Written together with the value it describes: whoever reads this generation reads its value.
                template={paths.CLIENT_SECRET: "{{ .secret }}", paths.GENERATION: str(generation)},
                store_ready=args.store_ready,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return BlueprintSecret(
            secret_name=secret.secret_name,
            key=paths.CLIENT_SECRET,
            generation=generation,
            proof={"CLIENT_ID": args.application.client_id, "REDIRECT_URI": args.application.redirect_uris[0]},
        )
