"""What a pod needs before its containers can start, and whether it is there.

A missing Secret, ConfigMap or key leaves a container in CreateContainerConfigError, a missing volume source in
ContainerCreating, a missing claim or ServiceAccount the pod unscheduled or uncreated; all of them wait, none fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.providers.kubernetes import nodes
from lab.providers.kubernetes.cluster import Cluster, secret_data

PodSpec = Mapping[str, Any]


def containers(spec: PodSpec) -> list[Mapping[str, Any]]:
    """Init containers and containers of a pod."""
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def missing(cluster: Cluster, namespace: str, spec: PodSpec) -> list[str]:
    """Why a pod of this spec does not start, in the kubelet's words; empty when it does."""
    found = [
        *_account(cluster, namespace, spec),
        *_pull_secrets(cluster, namespace, spec),
        *_volumes(cluster, namespace, spec),
        *_environment(cluster, namespace, spec),
        *nodes.untolerated(cluster, spec),
    ]
    if not spec.get("hostNetwork") and not network_ready(cluster):
        found.append("0/1 nodes are available: 1 node(s) had untolerated taint(s): container runtime network not ready")
    return found


def network_ready(cluster: Cluster) -> bool:
    """Whether a network plugin runs: an existing cluster brings one, a new one needs its release."""
    api = cluster.api()
    return bool(api and api.get("network"))


def _account(cluster: Cluster, namespace: str, spec: PodSpec) -> Iterator[str]:
    name = spec.get("serviceAccountName") or "default"
    if name != "default" and not cluster.exists("ServiceAccount", namespace, name):
        yield f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'


def _pull_secrets(cluster: Cluster, namespace: str, spec: PodSpec) -> Iterator[str]:
    for reference in spec.get("imagePullSecrets") or []:
        yield from lacking(cluster, "Secret", namespace, reference["name"])


def _volumes(cluster: Cluster, namespace: str, spec: PodSpec) -> Iterator[str]:
    for volume in spec.get("volumes") or []:
        sources = [volume, *(volume.get("projected", {}).get("sources") or [])]
        for source in sources:
            yield from _volume_source(cluster, namespace, source, volume["name"])
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim and cluster.look("PersistentVolumeClaim", namespace, claim) is None:
            yield f'persistentvolumeclaim "{claim}" not found'
        elif claim:
            yield from _unbound(cluster, namespace, claim)


def _volume_source(cluster: Cluster, namespace: str, source: Mapping[str, Any], volume: str) -> Iterator[str]:
    for kind, field in (("Secret", "secret"), ("ConfigMap", "configMap")):
        reference = source.get(field)
        if not isinstance(reference, Mapping) or reference.get("optional"):
            continue
        name = reference.get("secretName") or reference.get("name", "")
        keys = [item["key"] for item in reference.get("items") or []]
        for reason in lacking(cluster, kind, namespace, name, *keys):
            yield f'MountVolume.SetUp failed for volume "{volume}": {reason}'


def _unbound(cluster: Cluster, namespace: str, claim: str) -> Iterator[str]:
    found = cluster.look("PersistentVolumeClaim", namespace, claim)
    if found and found.get("status", {}).get("phase") != "Bound" and not found["status"].get("bindable"):
        yield f'pod has unbound immediate PersistentVolumeClaims: "{claim}" is Pending'


def _environment(cluster: Cluster, namespace: str, spec: PodSpec) -> Iterator[str]:
    for container in containers(spec):
        for variable in container.get("env") or []:
            origin = variable.get("valueFrom") or {}
            for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
                reference = origin.get(field)
                if reference and not reference.get("optional"):
                    yield from lacking(cluster, kind, namespace, reference["name"], reference["key"])
        for source in container.get("envFrom") or []:
            for kind, field in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
                reference = source.get(field)
                if reference and not reference.get("optional"):
                    yield from lacking(cluster, kind, namespace, reference["name"])


def lacking(cluster: Cluster, kind: str, namespace: str, name: str, *keys: str) -> Iterator[str]:
    """Why a Secret or ConfigMap and keys of it cannot be used; nothing when they can."""
    if name == "kube-root-ca.crt":  # published into every namespace by the controller manager
        return
    found = cluster.look(kind, namespace, name)
    if found is None:
        yield f'{kind.lower()} "{name}" not found'
        return
    data = {**(found.get("data") or {}), **(found.get("binaryData") or {})}
    for key in keys:
        if key not in data:
            yield f"couldn't find key {key} in {kind} {namespace}/{name}"


def pod_template(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pod template of a workload; a Pod is its own."""
    if obj["kind"] == "Pod":
        return obj
    spec = obj.get("spec") or {}
    if obj["kind"] == "CronJob":
        spec = spec.get("jobTemplate", {}).get("spec", {})
    template: Mapping[str, Any] = spec.get("template", {})
    return template


def environment(cluster: Cluster, namespace: str, container: Mapping[str, Any]) -> dict[str, str]:
    """The variables a running container sees; references that are missing are left out."""
    values: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for kind, field in (("Secret", "secretRef"), ("ConfigMap", "configMapRef")):
            if source.get(field):
                values |= data_of(cluster, kind, namespace, source[field]["name"])
    for variable in container.get("env") or []:
        if "value" in variable:
            values[variable["name"]] = str(variable["value"])
        origin = variable.get("valueFrom") or {}
        for kind, field in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
            if origin.get(field):
                found = data_of(cluster, kind, namespace, origin[field]["name"])
                if origin[field]["key"] in found:
                    values[variable["name"]] = found[origin[field]["key"]]
    return values


def data_of(cluster: Cluster, kind: str, namespace: str, name: str) -> dict[str, str]:
    """The data of a Secret (decoded) or ConfigMap; empty when it is not there."""
    found = cluster.look(kind, namespace, name)
    if found is None:
        return {}
    return secret_data(found) if kind == "Secret" else dict(found.get("data") or {})


def mounted_files(
    cluster: Cluster, namespace: str, volumes: Mapping[str, Mapping[str, Any]], mounts: list[Mapping[str, Any]]
) -> dict[str, str]:
    """Path -> content of every file of ConfigMaps and Secrets in a container with these mounts."""
    files: dict[str, str] = {}
    for mount in mounts:
        for name, content in _volume_files(cluster, namespace, volumes.get(mount["name"], {})):
            whole = not mount.get("subPath")
            if whole or mount["subPath"] == name:
                files[f"{mount['mountPath'].rstrip('/')}/{name}" if whole else mount["mountPath"]] = content
    return files


def _volume_files(cluster: Cluster, namespace: str, volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for source in (volume, *(volume.get("projected", {}).get("sources") or [])):
        for kind, field in (("ConfigMap", "configMap"), ("Secret", "secret")):
            reference = source.get(field)
            if not isinstance(reference, Mapping):
                continue
            data = data_of(cluster, kind, namespace, reference.get("secretName") or reference.get("name", ""))
            items = reference.get("items")
            if items is None:
                yield from data.items()
            for item in items or []:
                if item["key"] in data:
                    yield item["path"], data[item["key"]]
