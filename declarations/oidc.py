"""One declaration per OIDC application; every part that single sign-on needs follows from it."""

from dataclasses import dataclass

from lib.names import MATRIX_LOGIN_HOST, MATRIX_LOGIN_PORT, PLATFORM_APPLICATIONS
from settings.identity import Application
from settings.model import Settings

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
        namespaces: Namespaces that are made for an application of the stack file, each with its credentials.
        offline_access: Whether the client may have refresh tokens.
        public: Whether the client has no secret, as a program on people's machines could not keep one.
        access_token_validity: As Authentik writes it, such as `minutes=10`.
        backchannel_logout_uri: Where Authentik tells the application that a session has ended; empty: nowhere. No
            application has URIs to come back to after that: one alone makes Authentik refuse a sign-out without
            `id_token_hint`, as Gitea's is (authentik/providers/oauth2/views/end_session.py; Gitea 1.27.3,
            routers/web/auth/oauth.go), and leads past the page that offers to sign out of Authentik as well.
    """

    slug: str
    name: str
    auth_host: str
    launch_url: str
    redirect_uris: tuple[str, ...]
    groups: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    offline_access: bool = False
    public: bool = False
    access_token_validity: str = "minutes=10"
    backchannel_logout_uri: str = ""

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
        groups=settings.gitea.login_groups,
    )


def harbor(settings: Settings) -> OidcApplication:
    host = settings.harbor.host
    return OidcApplication(
        slug="harbor",
        name="Harbor",
        auth_host=settings.identity.host,
        launch_url=f"https://{host}/",
        redirect_uris=(f"https://{host}/c/oidc/callback",),
        groups=settings.harbor.login_groups,
        offline_access=True,  # Harbor refreshes tokens so that `docker login` sessions outlive the browser's
    )


def matrix(settings: Settings) -> OidcApplication:
    return OidcApplication(
        slug="matrix",
        name="Matrix",
        auth_host=settings.identity.host,
        launch_url=f"https://{settings.matrix.host}/",
        redirect_uris=(f"https://{settings.matrix.account_host}/upstream/callback/{MATRIX_UPSTREAM_ID}",),
        groups=settings.matrix.login_groups,
        # By the Service: Authentik does not trust the CA of the host. What is sent is signed and no secret.
        backchannel_logout_uri=f"http://{MATRIX_LOGIN_HOST}:{MATRIX_LOGIN_PORT}/upstream/backchannel-logout/"
        f"{MATRIX_UPSTREAM_ID}",
        # Authentik tells only of sessions with an access token that has not expired (goauthentik/authentik#25826).
        # Nobody keeps this one: the Matrix Authentication Service drops it after the login.
        access_token_validity="days=30",
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


KUBECTL_REDIRECTS = ("http://localhost:8000", "http://localhost:18000")
"""Where kubelogin, the plugin `oidc-login` of kubectl, listens: the second when the first port is taken."""


def kubernetes(settings: Settings) -> OidcApplication:
    """kubectl; the API server itself is no client, it only reads tokens."""
    groups = settings.talos.cluster_roles if settings.talos is not None else {}
    return OidcApplication(
        slug="kubernetes",
        name="Kubernetes",
        auth_host=settings.identity.host,
        launch_url="blank://blank",  # Authentik's way to leave it out of people's page of applications
        redirect_uris=KUBECTL_REDIRECTS,
        groups=tuple(groups),
        offline_access=True,  # kubelogin renews the short-lived token without a browser
        public=True,
    )


def declared_application(slug: str, application: Application, auth_host: str) -> OidcApplication:
    """An application of the stack file."""
    return OidcApplication(
        slug=slug,
        name=application.name,
        auth_host=auth_host,
        launch_url=application.launch_url or f"https://{application.authority}/",
        redirect_uris=application.redirect_uris,
        groups=application.groups,
        namespaces=application.namespaces,
        offline_access=application.offline_access,
        public=application.client == "public",
        access_token_validity=f"minutes={application.token_minutes}",
    )


def declared_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Applications of the stack file."""
    identity = settings.identity
    return tuple(declared_application(slug, one, identity.host) for slug, one in identity.applications.items())


def service_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application but Vault's, which joins only in phase 3."""
    enabled = (
        (settings.gitea.enabled, gitea),
        (settings.harbor.enabled, harbor),
        (settings.matrix.enabled, matrix),
        (settings.talos is not None and bool(settings.talos.cluster_roles), kubernetes),
    )
    return (*(declare(settings) for on, declare in enabled if on), *declared_applications(settings))


def applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application."""
    return (*service_applications(settings), *([vault(settings)] if settings.vault.oidc else []))


def possible_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application and those of the platform that are switched off: what Authentik makes room for, so that
    switching one on or off does not restart it.
    """
    platform = tuple(declare(settings) for declare in (gitea, harbor, kubernetes, matrix, vault))
    return (*platform, *declared_applications(settings))


def retired_applications(settings: Settings) -> tuple[str, ...]:
    """Slugs of the platform's own applications that are switched off; Authentik forgets them."""
    declared = {application.slug for application in applications(settings)}
    return tuple(slug for slug in PLATFORM_APPLICATIONS if slug not in declared)
