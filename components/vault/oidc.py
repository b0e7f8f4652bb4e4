"""Login to Vault through Authentik."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_vault as vault

from components.namespace import Namespace
from components.platform_secrets import WrittenSecret
from components.script_job import ScriptJob, ScriptJobArgs
from components.vault import policies
from components.vault.login import ADMINISTRATOR, MOUNT, OWN_FOLDER, ROLE
from declarations.oidc import OidcApplication
from lib.names import VAULT_IN_CLUSTER
from lib.pod_scripts import script

TOKEN_HOURS, TOKEN_MAX_HOURS = 1, 8
"""A token lasts an hour and can be renewed for a working day: so long does who loses a group keep its rights."""
_SECONDS_PER_HOUR = 3600
GATE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class VaultOidcArgs:
    """The joint of Vault and Authentik. The opts carry the Vault provider (and the Kubernetes one, for the gate).

    Attributes:
        application: Declaration of `vault` in declarations/oidc.py.
        client_secret: Written secret `oidc/vault`.
        user_group: Group whose members read and write their own folder.
        admin_group: Group whose members manage Vault, and have a folder too.
        ca_certificate: PEM of the CA that signs Authentik's certificate.
        namespace: Namespace of Vault, with the CA bundle; the gate runs there.
        proves: What stands for the releases of Vault and Authentik, as in ScriptJobArgs.
        discovered: Gate: Authentik serves the discovery of the application; Vault reads it when configured.
    """

    application: OidcApplication
    client_secret: WrittenSecret
    user_group: str
    admin_group: str
    ca_certificate: pulumi.Input[str]
    namespace: Namespace
    proves: Sequence[pulumi.Input[str]]
    discovered: pulumi.Resource


class VaultOidc(pulumi.ComponentResource):
    """Creates:

    - `<name>-login`: OIDC auth method at `oidc` with Authentik's issuer.
    - `<name>-role`: the role `authentik-users`, the default one.
    - `<name>-own-folder`, `<name>-administrator`: policies.
    - `<name>-<group>`, `<name>-<group>-alias`: for each of the two groups an external identity group with its policies,
      and the alias that ties it to the group of that name in Authentik's `groups` claim.
    - `<name>-gate`: ScriptJob that begins a login and has Vault ask about a code.

    Attributes:
        ready: Gate: Vault makes an authorization URL of Authentik for every redirect URI of the role, and Authentik
            takes its client secret.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: VaultOidcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:vault/oidc:VaultOidc", name, None, opts)
        self._name, self._args = name, args
        self._generation = args.client_secret.declaration.generation
        self._child = pulumi.ResourceOptions(parent=self)
        login = self._login()
        role = self._role(login)
        own = self._policy("own-folder", OWN_FOLDER, login.accessor.apply(policies.own_folder))
        administrator = self._policy("administrator", ADMINISTRATOR, policies.administrator())
        self._group(args.user_group, [own], login)
        self._group(args.admin_group, [own, administrator], login)
        self.ready = self._gate(login, role)
        self.register_outputs({})

    def _login(self) -> vault.jwt.AuthBackend:
        application = self._args.application
        tune: Any = {
            "listing_visibility": "unauth",  # the UI offers the login without being told its path
            # In the form that the provider reads back; any other would be a change at every run.
            "default_lease_ttl": f"{TOKEN_HOURS}h",
            "max_lease_ttl": f"{TOKEN_MAX_HOURS}h",
            "token_type": "default-service",
        }
        return vault.jwt.AuthBackend(
            f"{self._name}-login",
            type="oidc",
            path=MOUNT,
            description="Login through Authentik",
            oidc_discovery_url=application.issuer,
            oidc_discovery_ca_pem=self._args.ca_certificate,
            oidc_client_id=application.client_id,
            oidc_client_secret=self._args.client_secret.values["client-secret"],
            bound_issuer=application.issuer,
            jwt_supported_algs=["RS256"],
            default_role=ROLE,
            tune=tune,
            # Vault reads the discovery when the method is configured, and fails without it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._args.discovered]),
        )

    def _role(self, login: vault.jwt.AuthBackend) -> vault.jwt.AuthBackendRole:
        args = self._args
        return vault.jwt.AuthBackendRole(
            f"{self._name}-role",
            backend=login.path.apply(lambda path: path or MOUNT),
            role_name=ROLE,
            role_type="oidc",
            # The user name in Authentik (SUB_MODE): the one claim that never moves to somebody else.
            user_claim="sub",
            groups_claim="groups",
            # Authentik lets only these in; a mistake there shall not be enough.
            bound_claims={"groups": f"{args.user_group},{args.admin_group}"},
            bound_audiences=[args.application.client_id],
            claim_mappings={"email": "email", "name": "name"},
            oidc_scopes=[scope for scope in args.application.scopes if scope != "openid"],  # Vault adds openid itself
            allowed_redirect_uris=list(args.application.redirect_uris),
            token_ttl=TOKEN_HOURS * _SECONDS_PER_HOUR,
            token_max_ttl=TOKEN_MAX_HOURS * _SECONDS_PER_HOUR,
            opts=self._child,
        )

    def _policy(self, suffix: str, policy: str, text: pulumi.Input[str]) -> pulumi.Output[str]:
        return vault.Policy(f"{self._name}-{suffix}", name=policy, policy=text, opts=self._child).name

    def _group(self, group: str, granted: list[pulumi.Output[str]], login: vault.jwt.AuthBackend) -> None:
        identity = vault.identity.Group(
            f"{self._name}-{group}", name=group, type="external", policies=granted, opts=self._child
        )
        vault.identity.GroupAlias(
            f"{self._name}-{group}-alias",
            name=group,
            mount_accessor=login.accessor,
            canonical_id=identity.id,
            opts=self._child,
        )

    def _gate(self, login: vault.jwt.AuthBackend, role: vault.jwt.AuthBackendRole) -> pulumi.Resource:
        application = self._args.application
        return ScriptJob(
            f"{self._name}-gate",
            ScriptJobArgs(
                namespace=self._args.namespace.namespace,
                source=script("vault_login"),
                runbook="logins.md#vault-makes-no-login-url",
                environment={
                    "VAULT_ADDR": VAULT_IN_CLUSTER,
                    "MOUNT": login.path.apply(lambda path: path or MOUNT),
                    "ROLE": role.role_name,
                    "ISSUER": application.issuer,
                    "CLIENT_ID": application.client_id,
                    "REDIRECT_URIS": "\n".join(application.redirect_uris),
                },
                ca_config_map=self._args.namespace.ca_bundle,
                proves=[*self._args.proves, f"{application.secret_path}={self._generation}"],
                seconds=GATE_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        ).job
