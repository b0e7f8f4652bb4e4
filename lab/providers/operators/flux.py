"""The Flux operator: one FluxInstance (v0.58.1, internal/controller/fluxinstance_controller.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.pods import lacking
from lab.providers.operators.conditions import report, runs
from lab.site import Site

_LABELS: Final = {"app.kubernetes.io/managed-by": "flux-operator", "app.kubernetes.io/part-of": "flux"}


def run(site: Site) -> None:
    """Reconcile the FluxInstance; its name and namespace are fixed by the operator."""
    cluster = Cluster(site)
    if not runs(cluster, "flux-operator"):
        return
    homes = {item["namespace"] for item in site.world.view(RELEASES).values() if item["chart"] == "flux-operator"}
    for instance in list(cluster.each("fluxcd.controlplane.io/FluxInstance")):
        problems = [*_refusals(cluster, instance, homes)]
        if not problems:
            _apply(cluster, instance)
            problems += _unhealthy(instance["spec"])
        report(cluster, instance, problems[0] if problems else "")


def _refusals(cluster: Cluster, instance: Mapping[str, Any], homes: set[str]) -> list[str]:
    metadata, spec = instance["metadata"], instance["spec"]
    sync = spec.get("sync") or {}
    problems = []
    if metadata["name"] != "flux":
        problems.append("the resource name must be `flux`")
    if metadata["namespace"] not in homes:
        problems.append("the FluxInstance must be in the namespace of the operator")
    problems += [
        f"spec.distribution.{key}: Required value"
        for key in ("version", "registry")
        if not spec["distribution"].get(key)
    ]
    if sync:
        problems += [f"spec.sync.{key}: Required value" for key in ("kind", "url", "ref", "path") if not sync.get(key)]
    if sync.get("pullSecret"):
        problems += lacking(cluster, "Secret", metadata["namespace"], sync["pullSecret"])
    return problems


def _apply(cluster: Cluster, instance: Mapping[str, Any]) -> None:
    """Controllers, and the namespace with labels by force, unless a patch takes it out of what is applied."""
    spec, namespace = instance["spec"], instance["metadata"]["namespace"]
    patches = (spec.get("kustomize") or {}).get("patches") or []
    home = cluster.get("Namespace", "", namespace)
    if home and not any(_removes_namespace(patch) for patch in patches):
        home["metadata"]["labels"] = (home["metadata"].get("labels") or {}) | _LABELS
        cluster.store(home)
    for name in spec.get("components") or ():
        cluster.apply_owned(instance, _controller(name, namespace))


def _removes_namespace(patch: Mapping[str, Any]) -> bool:
    return patch["target"].get("kind") == "Namespace" and "$patch: delete" in patch["patch"]


def _controller(name: str, namespace: str) -> dict[str, Any]:
    container = {
        "name": "manager",
        "image": f"ghcr.io/fluxcd/{name}",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": {"securityContext": security, "containers": [container]}}},
    }


def _unhealthy(spec: Mapping[str, Any]) -> list[str]:
    """What is waited for when `wait` is on, its default: the sync too, of a repository that is not in this lab."""
    if not spec.get("sync") or spec.get("wait", True) is False:
        return []
    return ["timeout waiting for: [Kustomization/flux-system/flux-system status: 'InProgress']"]
