"""What proves that a service offers the login: its gate asks from inside the cluster, `make smoke` from outside.

scripts/login_offered.py says what the keys of a check mean, and asks them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypedDict
from urllib.parse import quote

from components.gitea.settings import Gitea
from components.matrix.settings import Matrix
from declarations import oidc
from declarations.oidc import GITEA_SOURCE, MATRIX_UPSTREAM_ID, OidcApplication
from settings.model import Settings


class LoginCheck(TypedDict, total=False):
    """One question; scripts/login_offered.py says what the keys mean."""

    url: str
    body: str
    location: str


def leads_to_login(url: str, application: OidcApplication) -> LoginCheck:
    """`url` redirects to Authentik as the client that was declared, and back to the URI that was declared."""
    authorize = re.escape(f"https://{application.auth_host}/application/o/authorize/?")
    client = rf"(?=.*\bclient_id={re.escape(application.client_id)}(&|$))"
    back = rf"(?=.*\bredirect_uri={re.escape(quote(application.redirect_uris[0], safe=''))}(&|$))"
    return LoginCheck(url=url, location=f"^{authorize}{client}{back}")


def gitea_login(host: str) -> str:
    """Where the login of Gitea starts."""
    return f"https://{host}/user/oauth2/{GITEA_SOURCE}"


def harbor_login(host: str) -> str:
    """Where the login of Harbor starts."""
    return f"https://{host}/c/oidc/login"


def matrix_login(account_host: str) -> str:
    """Where the login of the Matrix Authentication Service starts."""
    return f"https://{account_host}/upstream/authorize/{MATRIX_UPSTREAM_ID}"


def gitea_ssh(settings: Gitea) -> str:
    """Where people clone from over SSH, as the pages of a repository say it without its path."""
    return f"ssh://git@{settings.ssh_name}:22"


def gitea(settings: Gitea, application: OidcApplication) -> Sequence[LoginCheck]:
    """The login page names the source, following it leads to Authentik, and git answers where its address leads."""
    return (
        LoginCheck(url=f"https://{settings.host}/user/login", body=f'href="/user/oauth2/{GITEA_SOURCE}["?]'),
        leads_to_login(gitea_login(settings.host), application),
        LoginCheck(url=gitea_ssh(settings)),
    )


def harbor(host: str, application: OidcApplication) -> Sequence[LoginCheck]:
    """The login is OpenID Connect, and following it leads to Authentik."""
    return (
        LoginCheck(url=f"https://{host}/api/v2.0/systeminfo", body=r'"auth_mode"\s*:\s*"oidc_auth"'),
        leads_to_login(harbor_login(host), application),
    )


def matrix(settings: Matrix, application: OidcApplication) -> Sequence[LoginCheck]:
    """Following the login leads to Authentik, and Synapse and the delegation of the domain name their counterparts."""
    account, synapse = f"https://{settings.account_host}", f"https://{settings.synapse_host}"
    issuer = _field("issuer", f"{account}/")
    return (
        LoginCheck(url=f"{account}/.well-known/openid-configuration", body=issuer),
        leads_to_login(matrix_login(settings.account_host), application),
        LoginCheck(url=f"{synapse}/_matrix/client/v1/auth_metadata", body=issuer),
        LoginCheck(url=f"https://{settings.server_name}/.well-known/matrix/client", body=_field("base_url", synapse)),
        LoginCheck(url=f"https://{settings.host}/config.json", body=_field("server_name", settings.server_name)),
    )


def enabled(settings: Settings) -> Iterator[tuple[str, Sequence[LoginCheck]]]:
    """The checks of every service that is switched on, by its name."""
    if settings.gitea.enabled:
        yield "gitea", gitea(settings.gitea, oidc.gitea(settings))
    if settings.harbor.enabled:
        yield "harbor", harbor(settings.harbor.host, oidc.harbor(settings))
    if settings.matrix.enabled:
        yield "matrix", matrix(settings.matrix, oidc.matrix(settings))


def _field(key: str, value: str) -> str:
    return rf'"{key}"\s*:\s*"{re.escape(value)}/?"'
