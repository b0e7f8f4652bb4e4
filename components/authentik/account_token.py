"""A token of a service account: in Vault, in Authentik, and in the namespaces of the programs that use it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.authentik.account_tokens import secret_path
from components.authentik.api import AuthentikApi
from components.authentik.blueprint import Blueprint, BlueprintArgs, BlueprintSecret
from components.authentik.blueprints import paths
from components.authentik.blueprints import token as blueprint
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.platform_secrets import PlatformSecrets
from settings.identity import Token


@dataclass(frozen=True, kw_only=True)
class AccountTokenArgs:
    """The token.

    Attributes:
        name: Its name in the stack file.
        after: The blueprint with the account.
    """

    api: AuthentikApi
    name: str
    token: Token
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    after: Sequence[pulumi.Resource]


class AccountToken(pulumi.ComponentResource):
    """Creates:

    - `<name>-secret`: ExternalSecret `token-<name>` with `username`, `token` and `generation`; Reflector copies it.
    - `<name>-blueprint`: Blueprint that gives the token its value.

    Attributes:
        ready: Gate: Authentik has the token with the current value.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: AccountTokenArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:authentik/account_token:AccountToken", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        written = args.secrets[secret_path(args.name)]
        generation = written.declaration.generation
        secret = ExternalSecret(
            f"{name}-secret",
            ExternalSecretArgs(
                namespace=args.api.namespace,
                secret_name=paths.token(args.name),
                keys=[SecretKey("value", written, paths.TOKEN)],
                # Written together with the value it describes: whoever reads this generation reads its value.
                template={
                    paths.USERNAME: args.token.account,
                    paths.TOKEN: "{{ .value }}",
                    paths.GENERATION: str(generation),
                },
                store_ready=args.store_ready,
            ),
            child,
        )
        self.ready = Blueprint(
            f"{name}-blueprint",
            BlueprintArgs(
                api=args.api,
                slug=paths.token(args.name),
                text=blueprint.text(args.name, args.token, generation),
                secret=BlueprintSecret(
                    secret_name=secret.secret_name,
                    key=paths.TOKEN,
                    generation=generation,
                    proof={"TOKEN_IDENTIFIER": blueprint.identifier(args.name)},
                ),
                after=args.after,
            ),
            child,
        ).ready
        self.register_outputs({})
