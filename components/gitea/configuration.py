"""Configuration of Gitea, without its secrets: those reach it as variables (components/gitea/values.py)."""

from typing import Any

from components.gitea.databases import POOL
from components.gitea.settings import GiteaSettings
from lib.names import POSTGRES_HOST, POSTGRES_PORT

HTTP_PORT = 3000


def config(settings: GiteaSettings) -> dict[str, Any]:
    """Sections of app.ini (docs.gitea.com, configuration cheat sheet) that are no secret."""
    host = settings.host
    return {
        "server": {
            "DOMAIN": host,
            "ROOT_URL": f"https://{host}/",
            "HTTP_PORT": HTTP_PORT,  # spelt out: one template of the chart reads it before another sets it
            "SSH_DOMAIN": settings.ssh_name,
            "LFS_START_SERVER": True,
        },
        "database": {
            "DB_TYPE": "postgres",
            "HOST": f"{POSTGRES_HOST}:{POSTGRES_PORT}",
            "NAME": "gitea",
            "USER": "gitea",
            "SSL_MODE": "verify-full",  # by the CAs of SSL_CERT_DIR, which Go takes for those of the system
            "MAX_OPEN_CONNS": POOL,  # unlimited by default, on a Postgres that others use too
        },
        "cache": {"ADAPTER": "redis"},
        "session": {"PROVIDER": "redis", "COOKIE_SECURE": True},
        "queue": {"TYPE": "redis"},
        # Accounts come from the login alone. An e-mail address never takes over a local account: `login` asks for its
        # password first.
        "service": {
            "DISABLE_REGISTRATION": False,
            "ALLOW_ONLY_EXTERNAL_REGISTRATION": True,
            "SHOW_REGISTRATION_BUTTON": False,
            "ENABLE_BASIC_AUTHENTICATION": True,  # the break-glass account keeps the organisations by the API
        },
        "oauth2_client": {
            "ENABLE_AUTO_REGISTRATION": True,
            "USERNAME": "preferred_username",
            "ACCOUNT_LINKING": "login",
        },
        # OpenID 2.0, the login before OpenID Connect.
        "openid": {"ENABLE_OPENID_SIGNIN": False, "ENABLE_OPENID_SIGNUP": False},
        # On the port of the pages, so the ingress leads there too: without its token it would be open to everybody.
        "metrics": {"ENABLED": True},
        "actions": {"ENABLED": settings.actions.enabled},
    }
