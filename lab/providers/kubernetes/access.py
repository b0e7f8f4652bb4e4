"""Whether the cluster that a provider's kubeconfig names answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.wire import UNKNOWN
from lab.world import World


def fingerprint(text: str) -> str:
    """SHA-256 of a certificate or key, so that the world need not hold it."""
    return hashlib.sha256(text.encode()).hexdigest()


def unreachable(world: World, config: Mapping[str, Any]) -> str | None:
    """Why the API server of a provider's configuration does not answer; None when it does."""
    kubeconfig = config.get("kubeconfig")
    if kubeconfig is UNKNOWN:
        return "the kubeconfig is not known yet"
    if not kubeconfig:
        return "no kubeconfig is configured (default providers and files of the user are not used)"
    try:
        server, authority = _current(kubeconfig, config.get("context"))
    except (yaml.YAMLError, KeyError, TypeError, StopIteration, AttributeError):
        return "failed to parse kubeconfig data in `kubernetes:config:kubeconfig`"
    reason = _no_answer(world, server, authority)
    return f'Get "{server}/version": {reason}' if reason else None


def _no_answer(world: World, server: str, authority: str) -> str:
    """Why nobody trustworthy answers at a server's URL; empty when somebody does."""
    known = world.get(CLUSTERS, server)
    if known is None:
        return "dial tcp: connect: no route to host"
    if not known["answers"]:
        return "dial tcp: connect: connection refused"
    if known.get("authority") and known["authority"] != fingerprint(authority):
        return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    return ""


@cache
def _current(kubeconfig: str, wanted: str | None) -> tuple[str, str]:
    """Server and CA data of a kubeconfig's chosen context."""
    document = yaml.safe_load(kubeconfig)
    name = wanted or document["current-context"]
    context = next(item["context"] for item in document["contexts"] if item["name"] == name)
    cluster = next(item["cluster"] for item in document["clusters"] if item["name"] == context["cluster"])
    user = next(item["user"] for item in document["users"] if item["name"] == context["user"])
    if not user:
        raise KeyError("user has no credentials")
    return str(cluster["server"]), str(cluster.get("certificate-authority-data", ""))


def require_reachable(call: Call) -> None:
    """Refuse an operation that needs an API server which does not answer."""
    reason = unreachable(call.site.world, call.config)
    if reason:
        raise RefusedError(f"configured Kubernetes cluster is unreachable: {reason}")
