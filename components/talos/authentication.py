"""Login to the Kubernetes API through Authentik: what a control plane of Talos is told.

Talos 1.13 has no document of its own for it (1.14 has KubeAuthenticationConfig), so the API server gets a file of the
format AuthenticationConfiguration, stable since Kubernetes 1.34:
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
Talos writes such files only below /var. `--oidc-*` flags beside the
file would end the server, and Talos 1.14 denies the argument (siderolabs/talos#14352).
"""

from typing import Any

from components.talos.config import static_host, to_yaml
from declarations.oidc import OidcApplication
from settings.infrastructure import NodeNetwork

PREFIX = "oidc:"
"""Before every user and group that comes from Authentik, so that none can be named like one of Kubernetes itself."""
_DIRECTORY = "/var/lib/kube-authentication"
_FILE = f"{_DIRECTORY}/configuration.yaml"


def api_server(application: OidcApplication, ca_certificate: str) -> str:
    """Patch of a control plane; `ca_certificate` is the PEM of the CA that signed Authentik's certificate."""
    content = to_yaml(configuration(application, ca_certificate))
    return to_yaml(
        {
            # Readable by all: the API server runs as nobody, and nothing in the file is secret.
            "machine": {"files": [{"op": "create", "path": _FILE, "permissions": 0o644, "content": content}]},
            "cluster": {
                "apiServer": {
                    "extraArgs": {"authentication-config": _FILE},
                    "extraVolumes": [{"hostPath": _DIRECTORY, "mountPath": _DIRECTORY, "readonly": True}],
                }
            },
        }
    )


def host(application: OidcApplication, network: NodeNetwork) -> str:
    """Patch of a control plane: where Authentik is. The API server runs in the node's network and asks the node's
    resolvers, which need not know the platform.
    """
    return to_yaml(static_host(network.load_balancers.ingress, application.auth_host))


def configuration(application: OidcApplication, ca_certificate: str) -> dict[str, Any]:
    """The AuthenticationConfiguration. An issuer that does not answer yet keeps nobody out but its own people."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [
            {
                "issuer": {
                    "url": application.issuer,
                    "audiences": [application.client_id],
                    "certificateAuthority": ca_certificate,
                },
                "claimMappings": {
                    # The user name. `email` would be refused unless Authentik called it verified.
                    "username": {"claim": "sub", "prefix": PREFIX},
                    "groups": {"claim": "groups", "prefix": PREFIX},
                },
            }
        ],
    }
