"""Configuration of the Matrix Authentication Service: Authentik is the only login, and says who people are.

Keys: docs/reference/configuration.md of element-hq/matrix-authentication-service.
"""

from collections.abc import Sequence
from typing import Any

from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from components.matrix.settings import MatrixSettings
from declarations.oidc import OidcApplication
from settings.model import Settings

SESSIONS_CLIENT = "01K8HC7XV4Q2M9D6T3R5N0ENDS"
"""ULID of the client that ends sessions (scripts/matrix_sessions.py)."""


def administrators(settings: Settings) -> tuple[str, ...]:
    """User names of the members of `matrix.adminGroup`, as far as the stack file names them."""
    group = settings.section(MatrixSettings).admin_group
    return settings.identity.members([group] if group is not None else [])


def configuration(
    application: OidcApplication, administrators: Sequence[str], client_secret_file: str, sessions_secret_file: str
) -> dict[str, Any]:
    """The part of the configuration that this program decides.

    Args:
        administrators: Who may ask for the scopes `urn:synapse:admin:*` and `urn:mas:admin`; no claim of a login can
            say that (docs/reference/scopes.md there), so they are named.
        client_secret_file: Where the client secret is mounted.
        sessions_secret_file: Where that of the client that ends sessions is, which may use the admin API.
    """
    return {
        "passwords": {"enabled": False},
        "account": {
            "email_change_allowed": False,  # it comes with each new login, and so does the name
            "displayname_change_allowed": False,
            "account_deactivation_allowed": False,  # of a deactivated account nobody could ever log in again
        },
        "clients": [
            {
                "client_id": SESSIONS_CLIENT,
                "client_name": "Ends sessions of people who may not log in",
                "client_auth_method": "client_secret_basic",
                "client_secret_file": sessions_secret_file,
            }
        ],
        "policy": {"data": {"admin_users": list(administrators), "admin_clients": [SESSIONS_CLIENT]}},
        "upstream_oauth2": {"providers": [_authentik(application, client_secret_file)]},
    }


def _authentik(application: OidcApplication, client_secret_file: str) -> dict[str, Any]:
    return {
        "id": MATRIX_UPSTREAM_ID,
        "human_name": "Authentik",
        "issuer": application.issuer,
        "client_id": application.client_id,
        "client_secret_file": client_secret_file,
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "RS256",
        "scope": " ".join(application.scopes),
        # `logout_all` would sign phones out whenever a session in a browser ends, by itself too.
        "on_backchannel_logout": "logout_browser_only",
        "claims_imports": {
            # Nothing is left to choose, so a new person is not asked.
            "skip_confirmation": True,
            "localpart": {"action": "require", "template": "{{ user.preferred_username }}"},
            "displayname": {"action": "force", "template": "{{ user.name }}"},
            "email": {"action": "force", "template": "{{ user.email }}"},
        },
    }
