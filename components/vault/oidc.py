"""Login to Vault through Authentik."""

from dataclasses import dataclass

import pulumi

from components.namespace import Namespace
from components.platform_secrets import WrittenSecret
from lib.oidc import OidcApplication


@dataclass(frozen=True, kw_only=True)
class VaultOidcArgs:
    """The joint of Vault and Authentik. The opts carry the Vault provider (and the Kubernetes one, for the gate).

    Attributes:
        application: Declaration of `vault` in lib/oidc.py.
        client_secret: Written secret `oidc/vault`.
        user_group: Group whose members read and write their own folder.
        admin_group: Group whose members manage Vault.
        ca_certificate: PEM of the CA that signs Authentik's certificate.
        namespace: Namespace of Vault, with the CA bundle; the gate runs there.
        discovered: Gate: Authentik serves the discovery of the application; Vault reads it when configured.
    """

    application: OidcApplication
    client_secret: WrittenSecret
    user_group: str
    admin_group: str
    ca_certificate: pulumi.Input[str]
    namespace: Namespace
    discovered: pulumi.Resource


class VaultOidc(pulumi.ComponentResource):
    """Attributes:
    ready: Gate: Vault makes an authorization URL of Authentik for the role.
    """

    ready: pulumi.Resource
