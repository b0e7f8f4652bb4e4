"""What the gates of the cluster find: the answers to lib/probes/conditions.py and storage.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes import pods, rbac, workloads
from lab.providers.kubernetes.cluster import CRDS, Cluster
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.providers.kubernetes.kinds import Kind
from lab.providers.talos import nodes

_NODES: Final = "nodes"
_DEFINITIONS: Final = "customresourcedefinitions.apiextensions.k8s.io"
_PATH: Final = re.compile(r"/(?:api|apis/(?P<group>[^/]+))/v1/(?P<plural>[^/]+)/(?P<name>[^/]+)")


def conditions(cluster: Cluster, container: Container) -> Outcome:
    """OBJECTS: each node is Ready, each definition Established, and the account may get it."""
    if container.pod.get("automountServiceAccountToken") is False:
        return Outcome(failed="no file /var/run/secrets/kubernetes.io/serviceaccount/token")
    waiting = [_unmet(cluster, container, *one.partition("=")[::2]) for one in container.env["OBJECTS"].split(",")]
    return Outcome(waiting="; ".join(filter(None, waiting)))


def _unmet(cluster: Cluster, container: Container, path: str, condition: str) -> str:
    parts = _PATH.fullmatch(path)
    resource = ".".join(filter(None, (parts["plural"], parts["group"]))) if parts else ""
    if parts is None or resource not in (_NODES, _DEFINITIONS):
        return f"{path}: the lab knows the conditions of nodes and of definitions"
    if not rbac.may(cluster, rbac.Account(container.namespace, container.account), "get", resource, parts["name"]):
        return f"{path}: cannot be read: HTTP Error 403: Forbidden"
    if resource == _NODES:
        there, reached = nodes.names(cluster.world), "Ready" if pods.network_ready(cluster) else ""
    else:
        there, reached = _definitions(cluster), "Established"
    if parts["name"] not in there:
        return f"{path}: is not there"
    return "" if condition == reached else f"{path}: {condition} is not True"


def _definitions(cluster: Cluster) -> set[str]:
    keys = (key.rpartition("/") for key in cluster.world.view(CRDS))
    return {Kind(group, "", kind).qualified for group, _, kind in keys}


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
