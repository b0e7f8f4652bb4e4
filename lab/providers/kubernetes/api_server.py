"""The cluster as its API server shows it to a ServiceAccount: the state of doubles/kubernetes_api.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from doubles.kubernetes_api import Target
from lab.providers.kubernetes import pods, rbac
from lab.providers.kubernetes.cluster import CRDS, OBJECTS, RELEASES, RESTARTS, VAULTS, Cluster, encoded
from lab.providers.kubernetes.endpoints import RELEASE_NAME, RELEASE_NAMESPACE
from lab.providers.kubernetes.kinds import Kind
from lab.providers.talos import nodes

# Chart -> a container that scripts look at, and the labels of its pods (goharbor/harbor-helm, core/core-dpl.yaml).
_PODS: Final = {"harbor": ("core", {"app": "harbor", "component": "core"})}

ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
ADDRESS: Final = "10.96.0.1"
VARIABLES: Final = {"KUBERNETES_SERVICE_HOST": ADDRESS, "KUBERNETES_SERVICE_PORT": "443"}
"""What every pod is told."""


def account_files(cluster: Cluster, namespace: str, spec: Mapping[str, Any]) -> dict[str, str]:
    """Path -> content of what is mounted for a pod's ServiceAccount, where it or its account does not refuse that."""
    name = spec.get("serviceAccountName") or "default"
    account = cluster.look("ServiceAccount", namespace, name) or {}
    if spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken")) is False:
        return {}
    authority = str((cluster.api() or {}).get("authority", ""))
    certificate = f"-----BEGIN CERTIFICATE-----\n{authority}\n-----END CERTIFICATE-----\n"
    return {f"{ACCOUNT}/token": f"{namespace}:{name}", f"{ACCOUNT}/ca.crt": certificate}


@dataclass(frozen=True)
class State:
    """A cluster of the world."""

    cluster: Cluster
    _renewals: Iterator[int] = field(default_factory=count)

    @property
    def version(self) -> str:
        """That of the control planes."""
        return f"v{self.cluster.version()}"

    def user(self, token: str) -> str | None:
        """The ServiceAccount that a mounted token is of."""
        namespace, _, name = token.partition(":")
        known = name == "default" or self.cluster.exists("ServiceAccount", namespace, name)
        return f"system:serviceaccount:{token}" if name and known else None

    def may(self, user: str, verb: str, target: Target) -> bool:
        """By the Roles bound to the account; who is none has the administrator's certificate."""
        if not user.startswith("system:serviceaccount:"):
            return True
        _, _, namespace, name = user.split(":")
        account = rbac.Account(namespace, name, target.namespace)
        return rbac.may(self.cluster, account, verb, target.resource, target.name)

    def objects(self, target: Target) -> Iterator[Mapping[str, Any]]:
        """Those that are kept as objects, and those that follow from something else: nodes and definitions."""
        if target.resource == "nodes":
            yield from map(self._node, self.cluster.world.view(nodes.NODES).values())
        elif target.resource == "leases.coordination.k8s.io":
            for node in self.cluster.world.view(nodes.NODES).values():
                time = next(self._renewals) if not node.get("down") else "before it went down"
                yield {"metadata": {"name": node["name"]}, "spec": {"renewTime": str(time)}}
        elif target.resource == "customresourcedefinitions.apiextensions.k8s.io":
            for key, record in self.cluster.world.view(CRDS).items():
                yield _definition(key, record)
        else:
            yield from self._kept(target)
        if target.resource == "pods":
            yield from self._pods(target.namespace)

    def create(self, target: Target, made: dict[str, Any]) -> None:
        """A Secret; scripts make nothing else."""
        data = encoded(made.pop("stringData", {}))
        metadata = {**made["metadata"], "namespace": target.namespace}
        self.cluster.apply_plain({"apiVersion": "v1", "kind": "Secret", **made, "metadata": metadata, "data": data})

    def _node(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        ready = pods.network_ready(self.cluster) and not node.get("down")
        version = node["config"]["machine"].get("kubelet", {}).get("image", "").rpartition(":")[2]
        shown = _object(node["name"], "Ready", ready)
        # As Talos' os-release and the controller of annotations have it (node_annotation_spec.go).
        image = node.get("image") or {"release": "", "schematic": ""}
        info = {"kubeletVersion": version, "osImage": f"Talos ({image['release']})"}
        annotations = {"extensions.talos.dev/schematic": image["schematic"]}
        return {
            "metadata": {**shown["metadata"], "annotations": annotations},
            "spec": {"unschedulable": True} if node.get("cordoned") else {},
            "status": {**shown["status"], "nodeInfo": info},
        }

    def _kept(self, target: Target) -> Iterator[Mapping[str, Any]]:
        for key, one in self.cluster.world.view(OBJECTS).items():
            group, kind, namespace, _ = key.split("/")
            within = target.namespace in ("", namespace)  # a list may be one of all namespaces
            if within and (group, Kind(group, "", kind).plural) == (target.group, target.plural):
                yield self._dated(one) if kind == "Secret" else one

    def _dated(self, secret: Mapping[str, Any]) -> Mapping[str, Any]:
        """A Secret with the time at which it got its values."""
        metadata = secret["metadata"]
        time = _time(self.cluster.written(metadata["namespace"], metadata["name"]))
        by = [{"manager": "external-secrets", "operation": "Update", "time": time, "fieldsV1": {"f:data": {}}}]
        return {**secret, "metadata": {**metadata, "managedFields": by}}

    def _pods(self, namespace: str) -> Iterator[Mapping[str, Any]]:
        """Those of charts."""
        for key, release in self.cluster.world.view(RELEASES).items():
            if namespace not in ("", release["namespace"]) or not release["running"]:
                continue
            if release["chart"] == "vault":
                yield self._vault(key, release)
            if release["chart"] in _PODS:
                name, labels = _PODS[release["chart"]]
                state = {"running": {"startedAt": _time(started(self.cluster, release) + timedelta(seconds=5))}}
                metadata = {"name": f"{release['fullname']}-{name}", "labels": {**labels, "release": release["name"]}}
                yield {"metadata": metadata, "status": {"containerStatuses": [{"name": name, "state": state}]}}

    def _vault(self, key: str, release: Mapping[str, Any]) -> Mapping[str, Any]:
        """A server of Vault, ready while it is unsealed (hashicorp/vault-helm, readinessProbe)."""
        server = self.cluster.world.get(VAULTS, key) or {"sealed": True}
        pod = _object(f"{release['fullname']}-0", "Ready", not server["sealed"])
        labels = {"app.kubernetes.io/name": "vault", "component": "server"}
        return {**pod, "metadata": {**pod["metadata"], "namespace": release["namespace"], "labels": labels}}


def started(cluster: Cluster, release: Mapping[str, Any]) -> datetime:
    """When the pods of a running release were started: with it, or by Reloader."""
    restart = cluster.world.get(RESTARTS, f"Release {release['namespace']}/{release['name']}") or {"at": 0}
    return cluster.time(max(release["started"], restart["at"]))


def _time(time: datetime) -> str:
    """As the API writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _definition(key: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A definition, with the annotations that Helm gives those of a release."""
    group, _, kind = key.rpartition("/")
    namespace, _, release = (record["release"] or "").partition("/")
    found = _object(Kind(group, "", kind).qualified, "Established", True)
    annotations = {RELEASE_NAME: release, RELEASE_NAMESPACE: namespace} if release else {}
    names = {"kind": kind, "plural": Kind(group, "", kind).plural}
    versions = [{"name": one, "served": True} for one in record["versions"]]
    return {
        **found,
        "metadata": {**found["metadata"], "annotations": annotations},
        "spec": {"group": group, "names": names, "versions": versions},
    }


def _object(name: str, condition: str, met: bool) -> Mapping[str, Any]:
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": condition, "status": str(met)}]}}
