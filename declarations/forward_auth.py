"""Applications that know no login: Traefik asks Authentik about every request before the application sees it.

Authentik calls it forward authentication. The part of it that answers, its outpost, runs inside the server.
"""

from dataclasses import dataclass

from lib.names import SystemNamespace
from settings.model import Settings

MIDDLEWARE = "login"
"""Name of Traefik's Middleware in the namespace of Authentik."""
ANNOTATION = {
    "traefik.ingress.kubernetes.io/router.middlewares": f"{SystemNamespace.AUTHENTIK}-{MIDDLEWARE}@kubernetescrd"
}
"""What the Ingress of such an application carries, in whatever namespace it is."""

PREFIX = "/outpost.goauthentik.io/"
"""Path on the host of each application that belongs to Authentik: where a login comes back to, and signing out."""

RESPONSE_HEADERS = tuple(
    f"X-authentik-{name}"
    for name in (
        "username",
        "groups",
        "entitlements",
        "email",
        "name",
        "uid",
        "jwt",
        "meta-jwks",
        "meta-outpost",
        "meta-provider",
        "meta-app",
        "meta-version",
    )
)
"""What the application learns of the person. Traefik drops headers of these names that the request brought along
(Authentik's documentation of Traefik; `pkg/middlewares/auth/forward.go` of Traefik)."""


@dataclass(frozen=True, kw_only=True)
class ProxiedApplication:
    """One application behind Authentik's login.

    Attributes:
        slug: Slug in Authentik.
        auth_host: Public host of Authentik.
        host: Its own host; Traefik serves it.
        groups: Only members of one of these get through.
        session_minutes: How long a login lasts.
    """

    slug: str
    name: str
    auth_host: str
    host: str
    launch_url: str
    groups: tuple[str, ...]
    session_minutes: int

    @property
    def url(self) -> str:
        """What Authentik calls the external host."""
        return f"https://{self.host}"


def proxied_applications(settings: Settings) -> tuple[ProxiedApplication, ...]:
    """Applications of `identity.proxied`."""
    identity = settings.identity
    return tuple(
        ProxiedApplication(
            slug=slug,
            name=one.name,
            auth_host=identity.host,
            host=one.host,
            launch_url=one.launch_url or f"https://{one.host}/",
            groups=one.groups,
            session_minutes=one.session_minutes,
        )
        for slug, one in identity.proxied.items()
    )
