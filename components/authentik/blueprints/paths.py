"""Where the worker finds blueprints and secrets, and what the Kubernetes objects behind them are called."""

BLUEPRINTS_ROOT = "/blueprints"
"""Directory that Authentik searches; it calls a file by its path below it."""

CLIENT_SECRET = "client-secret"
"""Key of the client's secret in the Kubernetes Secret of an application."""
GENERATION = "generation"
"""Key of the same Secret that says which generation of the secret it holds."""
API_TOKEN, ADMINISTRATOR_PASSWORD = "bootstrap-token", "bootstrap-password"
"""Fields of `authentik/server`, and keys of its Secret: token and password of the administrator."""
SERVER_SECRET = "authentik-server"
USERS, ADMINISTRATOR, OUTPOST = "users", "administrator", "outpost"
TOKEN, USERNAME = "token", "username"
"""Keys of the Secret of a service account's token, beside `generation`: the token, and whose it is."""


def config_map(slug: str) -> str:
    """ConfigMap that holds a blueprint."""
    return f"authentik-blueprints-{slug}"


def file_name(slug: str) -> str:
    """Key of that ConfigMap; discovery looks at `.yaml` only."""
    return f"{slug}.yaml"


def directory(slug: str) -> str:
    """Where the worker mounts that ConfigMap."""
    return f"{BLUEPRINTS_ROOT}/mounted/{slug}"


def path(slug: str) -> str:
    """What Authentik calls the file."""
    return f"mounted/{slug}/{file_name(slug)}"


def client_secret(slug: str) -> str:
    """Kubernetes Secret with the client secret of an application."""
    return f"authentik-oidc-{slug}"


def client_directory(slug: str) -> str:
    """Where the worker mounts that Secret."""
    return f"/run/oidc/{slug}"


def token(name: str) -> str:
    """Slug of the blueprint of a token, and the Kubernetes Secret with it."""
    return f"token-{name}"


def token_directory(name: str) -> str:
    """Where the worker mounts that Secret."""
    return f"/run/tokens/{name}"


ADMINISTRATOR_DIRECTORY = "/run/administrator"
