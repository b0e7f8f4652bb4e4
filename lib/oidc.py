"""One declaration per OIDC application; every part that single sign-on needs follows from it."""

from dataclasses import dataclass

from settings import Settings

MATRIX_UPSTREAM_ID = "01K8HC7XV4Q2M9D6T3R5N0WBZJ"
"""ULID of Authentik in the Matrix Authentication Service. Part of the redirect URI and of stored accounts: fixed."""

GITEA_SOURCE = "authentik"
"""Name of the authentication source in Gitea. Part of the redirect URI and of stored accounts: fixed."""

SCOPES = ("openid", "profile", "email")


@dataclass(frozen=True, kw_only=True)
class OidcApplication:
    """One application of the single sign-on.

    Attributes:
        slug: Slug in Authentik, and the client id.
        auth_host: Public host of Authentik, from which the issuer follows.
        redirect_uris: Exact URIs, never patterns.
        groups: Only members of one of these may log in.
        offline_access: Whether the client may have refresh tokens.
    """

    slug: str
    name: str
    auth_host: str
    launch_url: str
    redirect_uris: tuple[str, ...]
    groups: tuple[str, ...]
    offline_access: bool = False
    access_token_validity: str = "minutes=10"

    @property
    def client_id(self) -> str:
        return self.slug

    @property
    def issuer(self) -> str:
        """Issuer in Authentik's `per_provider` mode; the trailing slash belongs to it."""
        return f"https://{self.auth_host}/application/o/{self.slug}/"

    @property
    def discovery_url(self) -> str:
        return f"{self.issuer}.well-known/openid-configuration"

    @property
    def scopes(self) -> tuple[str, ...]:
        return (*SCOPES, "offline_access") if self.offline_access else SCOPES

    @property
    def secret_path(self) -> str:
        """Path of the client secret in the secret registry; its field is `client-secret`."""
        return f"oidc/{self.slug}"


def gitea(settings: Settings) -> OidcApplication:
    host = settings.gitea.host
    return OidcApplication(
        slug="gitea",
        name="Gitea",
        auth_host=settings.identity.host,
        launch_url=f"https://{host}/",
        redirect_uris=(f"https://{host}/user/oauth2/{GITEA_SOURCE}/callback",),
        groups=(settings.gitea.user_group,),
    )


def harbor(settings: Settings) -> OidcApplication:
    host = settings.harbor.host
    return OidcApplication(
        slug="harbor",
        name="Harbor",
        auth_host=settings.identity.host,
        launch_url=f"https://{host}/",
        redirect_uris=(f"https://{host}/c/oidc/callback",),
        groups=(settings.harbor.user_group, settings.harbor.admin_group),
        offline_access=True,  # Harbor refreshes tokens so that `docker login` sessions outlive the browser's
    )


def matrix(settings: Settings) -> OidcApplication:
    return OidcApplication(
        slug="matrix",
        name="Matrix",
        auth_host=settings.identity.host,
        launch_url=f"https://{settings.matrix.host}/",
        redirect_uris=(f"https://{settings.matrix.account_host}/upstream/callback/{MATRIX_UPSTREAM_ID}",),
        groups=(settings.matrix.user_group,),
    )


def vault(settings: Settings) -> OidcApplication:
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


def service_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Applications of the enabled services, without Vault's, which joins only in phase 3."""
    enabled = ((settings.gitea, gitea), (settings.harbor, harbor), (settings.matrix, matrix))
    return tuple(declare(settings) for service, declare in enabled if service.enabled)


def applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application."""
    return (*service_applications(settings), vault(settings))
