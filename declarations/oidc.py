"""One declaration per OIDC application; every part that single sign-on needs follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from declarations.chains import login_namespaces
from settings.identity import Application
from settings.model import Settings

SCOPES = ("openid", "profile", "email")


@dataclass(frozen=True, kw_only=True)
class OidcApplication:
    """One application of the single sign-on.

    Attributes:
        slug: Slug in Authentik, and the client id.
        auth_host: Public host of Authentik, from which the issuer follows.
        redirect_uris: Exact URIs, never patterns.
        groups: Only members of one of these may log in.
        namespaces: Of an application of the stack file, and of chains that use it; each gets the credentials.
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


def declared_application(
    slug: str, application: Application, auth_host: str, of_chains: Sequence[str] = ()
) -> OidcApplication:
    """An application of the stack file; `of_chains` are namespaces of chains that use it."""
    return OidcApplication(
        slug=slug,
        name=application.name,
        auth_host=auth_host,
        launch_url=application.launch_url or f"https://{application.authority}/",
        redirect_uris=application.redirect_uris,
        groups=application.groups,
        namespaces=(*application.namespaces, *of_chains),
        offline_access=application.offline_access,
        public=application.client == "public",
        access_token_validity=f"minutes={application.token_minutes}",
    )


def declared_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Applications of the stack file."""
    identity = settings.identity
    return tuple(
        declared_application(slug, one, identity.host, login_namespaces(settings, slug))
        for slug, one in identity.applications.items()
    )
