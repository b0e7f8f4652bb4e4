"""Login of Harbor: its declaration, and what proves that it is offered."""

from collections.abc import Sequence

from components.harbor.settings import HarborSettings
from declarations.login_checks import LoginCheck, leads_to_login
from declarations.oidc import OidcApplication
from settings.model import Settings


def application(settings: Settings) -> OidcApplication:
    host = settings.section(HarborSettings).host
    return OidcApplication(
        slug="harbor",
        name="Harbor",
        auth_host=settings.identity.host,
        launch_url=f"https://{host}/",
        redirect_uris=(f"https://{host}/c/oidc/callback",),
        groups=settings.section(HarborSettings).login_groups,
        offline_access=True,  # Harbor refreshes tokens so that `docker login` sessions outlive the browser's
    )


def start(settings: Settings) -> str:
    """Where the login starts."""
    return f"https://{settings.section(HarborSettings).host}/c/oidc/login"


def checks(settings: Settings) -> Sequence[LoginCheck]:
    """The login is OpenID Connect, and following it leads to Authentik."""
    host = settings.section(HarborSettings).host
    return (
        LoginCheck(url=f"https://{host}/api/v2.0/systeminfo", body=r'"auth_mode"\s*:\s*"oidc_auth"'),
        leads_to_login(start(settings), application(settings)),
    )
