"""Values of the Traefik chart 41.3.0 (strict schema): the one entrance of HTTP."""

from collections.abc import Mapping, Sequence
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
EDGE_PORT = 8444
"""Of edge servers alone: here the PROXY protocol is believed."""
EDGE = "edge"
"""Entry point of edge servers, and its Service."""

_BEFORE_ALL_OTHERS = 1_000_000
_UPLOAD_SECONDS = 3600
_EDGE_GRACE_SECONDS = 10
"""Longer than edge servers take to notice that a path ends: two probes (components/edge/haproxy.py)."""


@dataclass(frozen=True, kw_only=True)
class EdgeEntry:
    """Where edge servers come in.

    Attributes:
        node_port: Port on every node.
        sources: Addresses from which they do.
        unpublished: Hosts that nobody reaches there.
    """

    node_port: int
    sources: Sequence[str]
    unpublished: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class TraefikValues:
    """Inputs of the values.

    Attributes:
        annotations: Of its Service: how it asks for its address.
        replicas: How many pods of it.
        edge: Where edge servers come in; None without any.
    """

    annotations: Mapping[str, str]
    replicas: int
    edge: EdgeEntry | None = None


def values(args: TraefikValues) -> dict[str, Any]:
    """Values of the release."""
    image, tag = parts(TRAEFIK)
    registry, _, repository = image.partition("/")
    edge = {EDGE: _edge(args.edge)} if args.edge is not None else {}
    ports = {"web": _web(), "websecure": _websecure(), **edge}
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
        "ports": ports,
        "additionalArguments": [_without_aliases(name) for name in ports],
        "service": {
            "annotations": dict(args.annotations),
            "spec": {"type": "LoadBalancer"},
            **({"additionalServices": {EDGE: _EDGE_SERVICE}} if edge else {}),
        },
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


_EDGE_SERVICE: Mapping[str, Any] = {
    # Local: the pod sees who connects, without which nobody could be told from an edge server, and a node without a pod
    # refuses, which their probes find out. An address of a load balancer has neither: Cilium announces it from nodes
    # without a pod (Documentation/network/l2-announcements.rst), and with Cluster it hides who connects.
    "spec": {"type": "NodePort", "externalTrafficPolicy": "Local"},
}


def unpublished(hosts: Sequence[str]) -> dict[str, Any]:
    """`spec` of an IngressRoute that answers for hosts in place of what serves them, where edge servers come in.

    They let nobody through who asks TLS for such a host; but whoever asked for another one may name it in the request,
    and Traefik goes by that (pkg/middlewares/snicheck/snicheck.go compares options of TLS alone).
    """
    return {
        "entryPoints": [EDGE],
        "routes": [
            {
                "kind": "Rule",
                "match": " || ".join(f"Host(`{host}`)" for host in hosts),
                # Of others it is the length of their rule.
                "priority": _BEFORE_ALL_OTHERS,
                # It answers 418 (pkg/server/service/internalhandler.go).
                "services": [{"kind": "TraefikService", "name": "noop@internal"}],
            }
        ],
        "tls": {},
    }


def _edge(args: EdgeEntry) -> dict[str, Any]:
    """As HTTPS of the LAN, but for what tells who the client is. Others may connect, and are who they are."""
    transport = {"lifeCycle": {"requestAcceptGraceTimeout": f"{_EDGE_GRACE_SECONDS}s"}}
    lan = _websecure()
    return {
        **lan,
        "port": EDGE_PORT,
        "exposedPort": 443,
        "nodePort": args.node_port,
        # The name of the Service in `additionalServices`; `default` is the one of the LAN.
        "expose": {"default": False, EDGE: True},
        "proxyProtocol": {"trustedIPs": list(args.sources)},
        "transport": {**lan["transport"], **transport},
    }
