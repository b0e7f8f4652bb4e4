"""Whether monitors find what they select, in what charts render."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.real.kubernetes.manifests import Manifest, pod_of

KINDS = ("PodMonitor", "ServiceMonitor")
_BY_OPERATORS: Mapping[str, str] = {
    "postgres": "CloudNativePG makes its pods (its docs, monitoring: label cnpg.io/cluster, port metrics)",
    **{
        f"{name}-controller": "the operator of Flux makes it (its config/data/flux: port http-prom)"
        for name in ("source", "kustomize", "helm", "notification")
    },
}
"""Monitors of what no chart renders, and where labels and port were read."""


def lost(manifests: Iterable[Manifest]) -> list[str]:
    """Monitors of the program that select nothing of these objects with the port that they ask for."""
    found = list(manifests)
    own = [one for one in found if one.kind in KINDS and one.origin.startswith("monitors-")]
    monitors = [one for one in own if one.body["metadata"]["name"] not in _BY_OPERATORS]
    return [str(one) for one in monitors if not any(_ports(one.body, other) for other in found)]


def _ports(monitor: Mapping[str, Any], manifest: Manifest) -> bool:
    spec, pods = monitor["spec"], monitor["kind"] == "PodMonitor"
    body = pod_of(manifest) if pods else manifest.body if manifest.kind == "Service" else None
    namespace = manifest.body["metadata"].get("namespace", manifest.namespace)
    if body is None or namespace not in spec["namespaceSelector"]["matchNames"]:
        return False
    labels = body["metadata"].get("labels") or {}
    endpoints = spec["podMetricsEndpoints" if pods else "endpoints"]
    return spec["selector"]["matchLabels"].items() <= labels.items() and endpoints[0]["port"] in set(_named(body))


def _named(body: Mapping[str, Any]) -> Iterator[str]:
    ports = (port for one in body["spec"].get("containers", [body["spec"]]) for port in one.get("ports") or ())
    return (port["name"] for port in ports if "name" in port)
