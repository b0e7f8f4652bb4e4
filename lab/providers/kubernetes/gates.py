"""What the gates of the cluster find: the answers to lib/probes/conditions.py and storage.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from lab.providers.kubernetes import pods, rbac, workloads
from lab.providers.kubernetes.cluster import CRDS, Cluster
from lab.providers.kubernetes.endpoints import is_true
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.providers.kubernetes.kinds import Kind
from lab.providers.talos import nodes

_PATH: Final = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v1/(?:namespaces/(?P<namespace>[^/]+)/)?(?P<plural>[^/]+)/(?P<name>[^/]+)"
)


def conditions(cluster: Cluster, container: Container) -> Outcome:
    """OBJECTS: each node is Ready, definition Established, Deployment Available, and the account may get it."""
    if container.pod.get("automountServiceAccountToken") is False:
        return Outcome(failed="no file /var/run/secrets/kubernetes.io/serviceaccount/token")
    waiting = [_unmet(cluster, container, *one.partition("=")[::2]) for one in container.env["OBJECTS"].split(",")]
    return Outcome(waiting="; ".join(filter(None, waiting)))


def _unmet(cluster: Cluster, container: Container, path: str, condition: str) -> str:
    parts = _PATH.fullmatch(path)
    resource = ".".join(filter(None, (parts["plural"], parts["group"]))) if parts else ""
    if parts is None or resource not in _REACHED:
        return f"{path}: the lab knows the conditions of {', '.join(_REACHED)}"
    if not rbac.may(cluster, rbac.Account(container.namespace, container.account), "get", resource, parts["name"]):
        return f"{path}: cannot be read: HTTP Error 403: Forbidden"
    reached = _REACHED[resource](cluster, parts["namespace"] or "", parts["name"])
    if reached is None:
        return f"{path}: is not there"
    return "" if condition in reached else f"{path}: {condition} is not True"


def _node(cluster: Cluster, _: str, name: str) -> set[str] | None:
    if name not in nodes.names(cluster.world):
        return None
    return {"Ready"} if pods.network_ready(cluster) else set()


def _definition(cluster: Cluster, _: str, name: str) -> set[str] | None:
    keys = (key.rpartition("/") for key in cluster.world.view(CRDS))
    return {"Established"} if name in {Kind(group, "", kind).qualified for group, _, kind in keys} else None


def _deployment(cluster: Cluster, namespace: str, name: str) -> set[str] | None:
    found = cluster.look("apps/Deployment", namespace, name)
    if found is None:
        return None
    return {"Available"} if is_true(found, "Available") else set()


_REACHED: Final[Mapping[str, Callable[[Cluster, str, str], set[str] | None]]] = {
    "nodes": _node,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
    "deployments.apps": _deployment,
}
"""Conditions of an object that are True, by its resource; None where there is no such object."""


def storage(cluster: Cluster, container: Container) -> Outcome:
    """VOLUME: a volume that a StorageClass provides is mounted there."""
    path = container.env["VOLUME"]
    mounted = [mount["name"] for mount in container.spec.get("volumeMounts") or [] if mount["mountPath"] == path]
    volume: Mapping[str, Any] = next((one for one in container.pod.get("volumes") or [] if one["name"] in mounted), {})
    if "persistentVolumeClaim" in volume:
        return DONE
    if "ephemeral" not in volume:
        return Outcome(failed=f"{path}: is no mounted volume")
    return Outcome(waiting="; ".join(workloads.claim_reasons(cluster, volume["ephemeral"]["volumeClaimTemplate"])))
