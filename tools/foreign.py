"""What a cluster holds beside this program's objects: what goes with its namespaces, and what its operators leave."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lib.secret_state import resources
from tools.state import State

_RELEASE, _NAMESPACE = "kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:Namespace"
_HELM = "meta.helm.sh/release-"
_KINDS = {
    "/apis/apps/v1/deployments": "Deployment",
    "/apis/apps/v1/statefulsets": "StatefulSet",
    "/apis/apps/v1/daemonsets": "DaemonSet",
    "/apis/batch/v1/cronjobs": "CronJob",
    "/apis/networking.k8s.io/v1/ingresses": "Ingress",
    "/api/v1/services": "Service",
    "/api/v1/configmaps": "ConfigMap",
    "/api/v1/persistentvolumeclaims": "PersistentVolumeClaim",
}
"""What somebody would miss; of Pods and ReplicaSets the owner is told."""


class Cluster(Protocol):
    """The API, as tools.cluster.Api has it."""

    def get(self, path: str) -> dict[str, Any]:
        """The object or list at a path; raises ClusterError."""


@dataclass(frozen=True)
class _Ours:
    """What the state knows: objects by kind, namespace and name; releases by namespace and name; namespaces."""

    objects: frozenset[tuple[str, str, str]]
    releases: frozenset[tuple[str, str]]
    namespaces: frozenset[str]


def _ours(state: State) -> _Ours:
    objects, releases, namespaces = set(), set(), set()
    for one in resources(state):
        outputs = one.get("outputs") or {}
        metadata = outputs.get("metadata")
        if one["type"] == _RELEASE:
            releases.add((str(outputs.get("namespace", "")), str(outputs.get("name", ""))))
        elif one["type"].startswith("kubernetes:") and isinstance(metadata, Mapping):
            kind, name = one["type"].rpartition(":")[2], str(metadata.get("name", ""))
            objects.add((kind, str(metadata.get("namespace") or ""), name))
            if one["type"] == _NAMESPACE:
                namespaces.add(name)
    return _Ours(frozenset(objects), frozenset(releases), frozenset(namespaces))


def strangers(cluster: Cluster, state: State) -> Iterator[str]:
    """Objects in namespaces of the program that Flux, another release or a person made: they go with the namespace.

    Raises:
        ClusterError: when nobody answers.
    """
    ours = _ours(state)
    for path, kind in _KINDS.items():
        for one in cluster.get(path)["items"]:
            metadata = one["metadata"]
            namespace, name = str(metadata.get("namespace", "")), str(metadata["name"])
            if namespace not in ours.namespaces or (kind, namespace, name) in ours.objects:
                continue
            if maker := _maker(metadata, ours):
                yield f"{kind} {namespace}/{name}, made by {maker}"


def _maker(metadata: Mapping[str, Any], ours: _Ours) -> str:
    """Who made an object that is not in the state; empty where that is a chart or an operator of the program."""
    if metadata.get("ownerReferences"):
        return ""
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    for controller in ("kustomize", "helm"):
        # Labels that Flux gives whatever it applies (fluxcd/kustomize-controller and helm-controller).
        if by := labels.get(f"{controller}.toolkit.fluxcd.io/name"):
            return f"Flux by {labels.get(f'{controller}.toolkit.fluxcd.io/namespace')}/{by}"
    if release := annotations.get(f"{_HELM}name"):
        return "" if _released(annotations, ours) else f"release {release} of Helm"
    managers = [str(one.get("manager", "")) for one in metadata.get("managedFields") or ()]
    return next((one for one in managers if one.startswith("kubectl")), "")


def _released(annotations: Mapping[str, str], ours: _Ours) -> bool:
    return (annotations.get(f"{_HELM}namespace", ""), annotations.get(f"{_HELM}name", "")) in ours.releases


def abandoned(cluster: Cluster, state: State) -> Iterator[str]:
    """Custom resources that are not in the state, and whose finalizers nobody removes once an operator of it is gone.

    Raises:
        ClusterError: when nobody answers.
    """
    ours = _ours(state)
    for definition in cluster.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")["items"]:
        if not _released(definition["metadata"].get("annotations") or {}, ours):
            continue
        spec = definition["spec"]
        kind, version = spec["names"]["kind"], next(one["name"] for one in spec["versions"] if one["served"])
        for one in cluster.get(f"/apis/{spec['group']}/{version}/{spec['names']['plural']}")["items"]:
            metadata = one["metadata"]
            key = (kind, str(metadata.get("namespace") or ""), str(metadata["name"]))
            if metadata.get("finalizers") and not metadata.get("ownerReferences") and key not in ours.objects:
                yield f"{kind} {'/'.join(key[1:]).lstrip('/')} with the finalizer {', '.join(metadata['finalizers'])}"
