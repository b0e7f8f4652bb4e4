"""Login of Gitea: its declaration, and what proves that it is offered."""

from collections.abc import Sequence

from components.gitea.settings import GiteaSettings
from declarations.login_checks import LoginCheck, leads_to_login
from declarations.oidc import OidcApplication
from settings.model import Settings

SOURCE = "authentik"
"""Name of the authentication source in Gitea. Part of the redirect URI and of stored accounts: fixed."""


def application(settings: Settings) -> OidcApplication:
    host = settings.section(GiteaSettings).host
    return OidcApplication(
        slug="gitea",
        name="Gitea",
        auth_host=settings.identity.host,
        launch_url=f"https://{host}/",
        redirect_uris=(f"https://{host}/user/oauth2/{SOURCE}/callback",),
        groups=settings.section(GiteaSettings).login_groups,
    )


def start(settings: Settings) -> str:
    """Where the login starts."""
    return f"https://{settings.section(GiteaSettings).host}/user/oauth2/{SOURCE}"


def ssh(settings: GiteaSettings) -> str:
    """Where people clone from over SSH, as the pages of a repository say it without its path."""
    return f"ssh://git@{settings.ssh_name}:22"


def checks(settings: Settings) -> Sequence[LoginCheck]:
    """The login page names the source, following it leads to Authentik, and git answers where its address leads."""
    own = settings.section(GiteaSettings)
    return (
        LoginCheck(url=f"https://{own.host}/user/login", body=f'href="/user/oauth2/{SOURCE}["?]'),
        leads_to_login(start(settings), application(settings)),
        LoginCheck(url=ssh(own)),
    )
