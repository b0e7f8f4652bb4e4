"""Login of chat: its declaration, and what proves that it is offered."""

from collections.abc import Sequence

from components.matrix.names import LOGIN_HOST, LOGIN_PORT
from components.matrix.settings import MatrixSettings
from declarations.login_checks import LoginCheck, has_field, leads_to_login
from declarations.oidc import OidcApplication
from settings.model import Settings

UPSTREAM_ID = "01K8HC7XV4Q2M9D6T3R5N0WBZJ"
"""ULID of Authentik in the Matrix Authentication Service. Part of the redirect URI and of stored accounts: fixed."""


def application(settings: Settings) -> OidcApplication:
    return OidcApplication(
        slug="matrix",
        name="Matrix",
        auth_host=settings.identity.host,
        launch_url=f"https://{settings.section(MatrixSettings).host}/",
        redirect_uris=(f"https://{settings.section(MatrixSettings).account_host}/upstream/callback/{UPSTREAM_ID}",),
        groups=settings.section(MatrixSettings).login_groups,
        # By the Service: Authentik does not trust the CA of the host. What is sent is signed and no secret.
        backchannel_logout_uri=f"http://{LOGIN_HOST}:{LOGIN_PORT}/upstream/backchannel-logout/{UPSTREAM_ID}",
        # Authentik tells only of sessions with an access token that has not expired (goauthentik/authentik#25826).
        # Nobody keeps this one: the Matrix Authentication Service drops it after the login.
        access_token_validity="days=30",
    )


def start(settings: Settings) -> str:
    """Where the login of the Matrix Authentication Service starts."""
    return f"https://{settings.section(MatrixSettings).account_host}/upstream/authorize/{UPSTREAM_ID}"


def checks(settings: Settings) -> Sequence[LoginCheck]:
    """Following the login leads to Authentik, and Synapse and the delegation of the domain name their counterparts."""
    own = settings.section(MatrixSettings)
    account, synapse = f"https://{own.account_host}", f"https://{own.synapse_host}"
    issuer = has_field("issuer", f"{account}/")
    return (
        LoginCheck(url=f"{account}/.well-known/openid-configuration", body=issuer),
        leads_to_login(start(settings), application(settings)),
        LoginCheck(url=f"{synapse}/_matrix/client/v1/auth_metadata", body=issuer),
        LoginCheck(url=f"https://{own.server_name}/.well-known/matrix/client", body=has_field("base_url", synapse)),
        LoginCheck(url=f"https://{own.host}/config.json", body=has_field("server_name", own.server_name)),
    )
