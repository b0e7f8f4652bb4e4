"""The Flux operator: one FluxInstance (v0.58.1, internal/controller/fluxinstance_controller.go), and what it reports of
a repository of the lab's Gitea (internal/reporter/sync.go). Of others the lab knows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from lab.providers.gitea import CONTENT
from lab.providers.kubernetes.cluster import CRDS, RELEASES, Cluster
from lab.providers.kubernetes.pods import data_of
from lab.providers.operators.conditions import report, runs
from lab.site import Site

_KINDS: Final = {
    "source.toolkit.fluxcd.io/GitRepository": "v1",
    "source.toolkit.fluxcd.io/OCIRepository": "v1",
    "kustomize.toolkit.fluxcd.io/Kustomization": "v1",
}
"""Definitions that Flux 2.8 brings, of those that chains use."""
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
            _report(cluster, instance)
        report(cluster, instance, problems[0] if problems else "")


def _refusals(cluster: Cluster, instance: Mapping[str, Any], homes: set[str]) -> list[str]:
    metadata, spec = instance["metadata"], instance["spec"]
    sync = spec.get("sync") or {}
    problems = []  # a pull secret that is not there is none: its name is passed on
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
    return problems


def _apply(cluster: Cluster, instance: Mapping[str, Any]) -> None:
    """Controllers, and the namespace with labels by force, unless a patch takes it out of what is applied."""
    spec, namespace = instance["spec"], instance["metadata"]["namespace"]
    for kind, version in _KINDS.items():
        cluster.world.put(CRDS, kind, {"versions": [version], "namespaced": True, "release": ""})
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


def _report(cluster: Cluster, instance: Mapping[str, Any]) -> None:
    """The FluxReport, where the repository is one of the lab's Gitea, or its Secret is not there."""
    sync, namespace = instance["spec"].get("sync") or {}, instance["metadata"]["namespace"]
    host, name = urlsplit(sync.get("url", "")).hostname, sync.get("pullSecret", "")
    access = data_of(cluster, "Secret", namespace, name)
    content = next((held for one, held in _hosts(cluster) if one == host), None)
    if name and not access:
        problem = f"failed to get secret '{namespace}/{name}': secrets \"{name}\" not found"
    elif content is not None:
        problem = _unread(content, access, sync)
    else:
        return
    status = f"Source artifact not found, retrying in 30s\n{problem}" if problem else f"Applied revision: {sync['ref']}"
    # What is not in the path is found later, by another controller.
    status = problem if problem.startswith("kustomization path") else status
    cluster.apply_plain(
        {
            "apiVersion": instance["apiVersion"],
            "kind": "FluxReport",
            "metadata": {"name": instance["metadata"]["name"], "namespace": namespace},
            "spec": {"sync": {"id": f"kustomization/{namespace}", "ready": not problem, "status": status}},
        }
    )


def _hosts(cluster: Cluster) -> list[tuple[str, Mapping[str, Any]]]:
    """Host of each Gitea, and what its database holds."""
    return [
        (entry["host"], cluster.world.get(CONTENT, key) or {})
        for key, release in cluster.world.view(RELEASES).items()
        if release["chart"] == "gitea"
        for entry in (release["values"].get("ingress") or {}).get("hosts") or ()
    ]


def _unread(content: Mapping[str, Any], access: Mapping[str, str], sync: Mapping[str, Any]) -> str:
    """Why the controllers of Flux do not get at what lies in the path; empty where they do."""
    repository = urlsplit(sync["url"]).path.strip("/").removesuffix(".git")
    held = (content.get("contents") or {}).get(repository)
    known = any(
        (one["login"], one.get("password")) == (access.get("username"), access.get("password"))
        for one in content.get("accounts") or ()
    )
    if not known or held is None or access["username"] not in held["access"]:
        unlisted = f"unable to list remote for '{sync['url']}': authentication required"
        return f"failed to checkout and determine revision: {unlisted}"
    path = sync["path"].strip("./")
    there = any(file.startswith(f"{path}/") for file in held["files"])
    return "" if there else f"kustomization path not found: stat /tmp/{path}: no such file or directory"
