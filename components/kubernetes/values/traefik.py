"""Values of the Traefik chart 41.3.0 (strict schema): the one entrance of HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.images import TRAEFIK, parts
from lib.kubernetes import resources, spread
from lib.names import INGRESS_CLASS

HTTP_PORT = 8000
HTTPS_PORT = 8443
"""Ports of the pods; the Service maps 80 and 443 to them."""
METRICS_PORT = 9100
"""Of the pods, where the chart serves metrics by default (ports.metrics, metrics.prometheus)."""

_UPLOAD_SECONDS = 3600
_ENTRY_POINTS = ("web", "websecure")


@dataclass(frozen=True, kw_only=True)
class TraefikValues:
    """Inputs of the values.

    Attributes:
        annotations: Of its Service: how it asks for its address.
        replicas: How many pods of it.
    """

    annotations: Mapping[str, str]
    replicas: int


def values(args: TraefikValues) -> dict[str, Any]:
    """Values of the release."""
    image, tag = parts(TRAEFIK)
    registry, _, repository = image.partition("/")
    return {
        "image": {"registry": registry, "repository": repository, "tag": tag},
        "deployment": {"replicas": args.replicas},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "traefik"}),
        "resources": resources("50m", "256Mi"),
        "ingressClass": {"enabled": True, "isDefaultClass": True, "name": INGRESS_CLASS},
        "providers": {
            "kubernetesIngress": {"enabled": True, "publishedService": {"enabled": True}},
            # ServersTransport, for backends that speak TLS with a certificate of the platform's CA.
            "kubernetesCRD": {"enabled": True},
            "kubernetesGateway": {"enabled": False},
        },
        "gateway": {"enabled": False},
        "ports": {"web": _web(), "websecure": _websecure()},
        "additionalArguments": [_without_aliases(name) for name in _ENTRY_POINTS],
        "service": {"annotations": dict(args.annotations), "spec": {"type": "LoadBalancer"}},
        "api": {"dashboard": False},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }


def _without_aliases(entry_point: str) -> str:
    """Argument that has an entry point drop headers which backends would take for others.

    WSGI, CGI and PHP read `X_authentik_username` and `X.authentik.username` as `X-authentik-username`, but Traefik
    replaces that spelling alone by what forward authentication answered (Traefik's documentation, security/
    header-aliases.md). `underscoreHeadersStrategy`, which is a value of the chart, leaves the dots alone
    (`removeHeadersWithUnderscores` in pkg/server/server_entrypoint_tcp.go); this option, which is none before chart
    41.4.0, drops every name with more than letters, digits and dashes.
    """
    return f"--entryPoints.{entry_point}.http.aliasHeadersStrategy=delete"


def _web() -> dict[str, Any]:
    """Plain HTTP only says where HTTPS is."""
    redirection = {"to": "websecure", "scheme": "https", "permanent": True}
    return {"port": HTTP_PORT, "http": {"redirections": {"entryPoint": redirection}}}


def _websecure() -> dict[str, Any]:
    return {
        "port": HTTPS_PORT,
        # The default of a minute includes the body, and a layer of a container image takes longer than that.
        "transport": {"respondingTimeouts": {"readTimeout": f"{_UPLOAD_SECONDS}s"}},
        "http": {
            "tls": {"enabled": True},
            # Names of Matrix rooms (#), branches in Gitea (/ and #) and repositories in Harbor's API (/ encoded
            # twice) stand in paths. Traefik has changed the default more than once, so it is said here.
            "encodedCharacters": {
                "allowEncodedSlash": True,
                "allowEncodedHash": True,
                "allowEncodedPercent": True,
                "allowEncodedQuestionMark": True,
            },
        },
    }
