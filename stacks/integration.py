"""Phase 3: Vault and Authentik joined. People log in to Vault; the circle between the two is broken in time."""

import pulumi

from components.authentik.application import AuthentikApplication, AuthentikApplicationArgs
from components.phase import Phase, PhaseArgs
from components.vault import login as vault_login
from components.vault.oidc import VaultOidc, VaultOidcArgs
from stacks.contracts import Cluster, Identity, Infrastructure, Integration, Site


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, identity: Identity) -> Integration:
    """Joins a Vault that has no OIDC yet with an Authentik that does not know Vault yet.

    Switched off, nothing of this phase exists, and phase 2 deletes the application in Authentik (retired_applications).
    """
    settings = site.settings
    if not settings.vault.oidc:
        return Integration(ready=identity.ready)
    phase = Phase(
        "phase3-integration",
        PhaseArgs(after=identity.ready),
        pulumi.ResourceOptions(providers=[cluster.kubernetes, infrastructure.vault]),
    )
    in_phase = pulumi.ResourceOptions(parent=phase)

    application = vault_login.application(settings)
    login = AuthentikApplication(
        "login-vault",
        AuthentikApplicationArgs(
            api=identity.api,
            application=application,
            secrets=infrastructure.secrets,
            store_ready=[infrastructure.store],
            after=[identity.groups],
        ),
        in_phase,
    )
    joint = VaultOidc(
        "vault-oidc",
        VaultOidcArgs(
            application=application,
            client_secret=infrastructure.secrets[application.secret_path],
            user_group=settings.vault.user_group,
            admin_group=settings.vault.admin_group,
            ca_certificate=cluster.trusted,
            namespace=infrastructure.vault_namespace,
            proves=[infrastructure.vault_digest, identity.api.version],
            discovered=login.ready,
        ),
        in_phase,
    )
    return Integration(ready=(joint.ready,))
