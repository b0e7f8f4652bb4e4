"""Login of kubectl."""

from declarations.oidc import OidcApplication
from settings.model import Settings

KUBECTL_REDIRECTS = ("http://localhost:8000", "http://localhost:18000")
"""Where kubelogin, the plugin `oidc-login` of kubectl, listens: the second when the first port is taken."""


def application(settings: Settings) -> OidcApplication:
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
