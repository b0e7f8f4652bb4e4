"""Reflector: copies of Secrets in the namespaces that their annotations name (README of its repository)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.operators.conditions import runs
from lab.site import Site

_PREFIX: Final = "reflector.v1.k8s.emberstack.com"
_REFLECTS: Final = f"{_PREFIX}/reflects"


def run(site: Site) -> None:
    """Make, renew and remove the copies of Secrets."""
    cluster = Cluster(site)
    if not runs(cluster, "reflector"):
        return
    for copy in list(cluster.each("Secret")):
        source = _annotations(copy).get(_REFLECTS)
        if source is not None and not _permitted(cluster.look("Secret", *source.split("/")), copy):
            cluster.remove("Secret", copy["metadata"]["namespace"], copy["metadata"]["name"])
    for secret in list(cluster.each("Secret")):
        if _annotations(secret).get(f"{_PREFIX}/reflection-auto-enabled") == "true":
            for namespace in cluster.each("Namespace"):
                _copy(cluster, secret, namespace["metadata"]["name"])


def _annotations(obj: Mapping[str, Any]) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def _permitted(source: Mapping[str, Any] | None, copy: Mapping[str, Any]) -> bool:
    return source is not None and _wanted(source, copy["metadata"]["namespace"])


def _wanted(source: Mapping[str, Any], namespace: str) -> bool:
    """Whether a namespace is both allowed and asked for; an empty list means every namespace."""
    annotations = _annotations(source)
    return annotations.get(f"{_PREFIX}/reflection-allowed") == "true" and all(
        _matches(annotations.get(f"{_PREFIX}/reflection-{kind}-namespaces", ""), namespace)
        for kind in ("allowed", "auto")
    )


def _matches(patterns: str, namespace: str) -> bool:
    return not patterns or any(re.fullmatch(pattern, namespace) for pattern in patterns.split(","))


def _copy(cluster: Cluster, source: Mapping[str, Any], namespace: str) -> None:
    home, name = source["metadata"]["namespace"], source["metadata"]["name"]
    if namespace == home or not _wanted(source, namespace):
        return
    origin, there = f"{home}/{name}", cluster.look("Secret", namespace, name)
    if there is not None and _annotations(there).get(_REFLECTS) != origin:
        return  # a Secret of somebody else's is left alone
    metadata = {"name": name, "namespace": namespace, "annotations": {_REFLECTS: origin}}
    same = {key: source[key] for key in ("apiVersion", "kind", "type", "data") if key in source}
    cluster.apply_plain({**same, "metadata": metadata})
