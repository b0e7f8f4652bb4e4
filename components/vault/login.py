"""Names of the login to Vault, by which people and what looks after them find it."""

from declarations.oidc import OidcApplication
from settings.model import Settings

MOUNT = "oidc"
"""Path of the login; part of the redirect URI of the UI."""
ROLE = "authentik-users"
OWN_FOLDER, ADMINISTRATOR = "own-folder", "administrator"
"""Policies of everybody who may log in, and of the members of vault.adminGroup."""


def application(settings: Settings) -> OidcApplication:
    host = settings.vault.host
    return OidcApplication(
        slug="vault",
        name="Vault",
        auth_host=settings.identity.host,
        launch_url=f"https://{host}/",
        redirect_uris=(
            f"https://{host}/ui/vault/auth/oidc/oidc/callback",
            "http://localhost:8250/oidc/callback",  # `vault login -method=oidc` on the user's own machine
        ),
        groups=(settings.vault.user_group, settings.vault.admin_group),
    )
