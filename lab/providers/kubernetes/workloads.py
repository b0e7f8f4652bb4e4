"""Controllers of the built-in kinds, and what the Kubernetes provider waits for before a resource counts as created.

The conditions awaited and their wording are those of pulumi-kubernetes 4.34 (`provider/pkg/await`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lab.providers.kubernetes import admission, pods
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import addresses, behind
from lab.site import Site

Object = Mapping[str, Any]
Reasons = list[str]

DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
WORKLOADS: Final = ("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet")


def pod_reasons(cluster: Cluster, obj: Object) -> Reasons:
    """Why the pods of a workload do not run; empty when they do."""
    metadata = obj["metadata"]
    namespace = metadata["namespace"]
    fault = cluster.site.faults.find("never-ready", (obj["kind"],), (metadata["name"],))
    if fault:
        return [fault]
    spec = pods.pod_template(obj).get("spec", {})
    level = admission.enforced_level(cluster, namespace)
    forbidden = admission.violations(spec, level)
    if forbidden:
        return [
            f'pods "{metadata["name"]}-" is forbidden: violates PodSecurity "{level}:latest": {", ".join(forbidden)}'
        ]
    reasons = pods.missing(cluster, namespace, spec)
    ephemeral = [one["ephemeral"]["volumeClaimTemplate"] for one in spec.get("volumes") or [] if "ephemeral" in one]
    for template in (*(obj.get("spec", {}).get("volumeClaimTemplates") or []), *ephemeral):
        reasons += claim_reasons(cluster, template)
    return reasons


def claim_reasons(cluster: Cluster, claim: Object) -> Reasons:
    """Why a claim cannot be bound; empty when a volume can be had."""
    wanted = claim["spec"].get("storageClassName")
    found = storage_class(cluster, wanted)
    if found is None:
        return [f'storageclass.storage.k8s.io "{wanted}" not found' if wanted else "no storage class is set"]
    driver = found["provisioner"]
    if not driver_ready(cluster, driver):
        return [f'waiting for a volume to be created by the external provisioner "{driver}"']
    return []


def storage_class(cluster: Cluster, name: str | None) -> Object | None:
    """The named class, or the default one."""
    if name:
        return cluster.look("storage.k8s.io/StorageClass", "", name)
    for item in cluster.each("storage.k8s.io/StorageClass"):
        if (item["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true":
            return item
    return None


def driver_ready(cluster: Cluster, driver: str) -> bool:
    """Whether a CSI driver runs; drivers the lab does not know are taken to come with an existing cluster."""
    releases = cluster.world.view(RELEASES).values()
    if driver != "csi.proxmox.sinextra.dev":
        return True
    return any(item["chart"] == "proxmox-csi-plugin" and item["ready"] for item in releases)


def _service_reasons(cluster: Cluster, obj: Object) -> Reasons:
    spec = obj["spec"]
    reasons = []
    selects = spec.get("selector") and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName"
    backend = behind(cluster, obj) if selects else None
    # Endpoints that exist and are not ready hold the await; none at all do not (service.go, processEndpointEvent).
    if backend is not None and not backend.ready and not spec.get("publishNotReadyAddresses"):
        reasons.append(
            "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match "
            "labels on any Pods"
        )
    if spec.get("type") == "LoadBalancer" and not addresses(obj):
        reasons.append("Service was not allocated an IP address; does your cloud provider support this?")
    return reasons


def _ingress_reasons(cluster: Cluster, obj: Object) -> Reasons:
    reasons = []
    for rule in obj["spec"].get("rules") or []:
        for path in rule.get("http", {}).get("paths") or []:
            name = path["backend"].get("service", {}).get("name")
            if name and not cluster.exists("Service", obj["metadata"]["namespace"], name):
                reasons.append(
                    f'No matching service found for ingress rule: "{rule.get("host", "")}{path.get("path", "")}"'
                )
    if not addresses(obj):
        reasons.append("Ingress .status.loadBalancer field was not updated with a hostname/IP address.")
    return reasons


def _job_reasons(cluster: Cluster, obj: Object) -> Reasons:
    status = obj.get("status") or {}
    if status.get("succeeded"):
        return []
    return status.get("messages") or ["Waiting for the Job to succeed"]


def _claim_ready(cluster: Cluster, obj: Object) -> Reasons:
    status = obj.get("status") or {}
    if status.get("phase") == "Bound" or status.get("bindable"):
        return []
    return [f"PersistentVolumeClaim {obj['metadata']['name']} is Pending: {'; '.join(claim_reasons(cluster, obj))}"]


READINESS: Final[Mapping[str, Callable[[Cluster, Object], Reasons]]] = {
    "apps/Deployment": pod_reasons,
    "apps/StatefulSet": pod_reasons,
    "apps/DaemonSet": pod_reasons,
    "Pod": pod_reasons,
    "batch/Job": _job_reasons,
    "Service": _service_reasons,
    "networking.k8s.io/Ingress": _ingress_reasons,
    "PersistentVolumeClaim": _claim_ready,
}


def run_workloads(site: Site) -> None:
    """Keep the status of workloads and claims."""
    cluster = Cluster(site)
    for kind in (*WORKLOADS, "Pod"):
        for obj in cluster.each(kind):
            reasons = pod_reasons(cluster, obj)
            cluster.set_status(obj, _workload_status(obj, reasons))
    for claim in cluster.each("PersistentVolumeClaim"):
        if (claim.get("status") or {}).get("phase") == "Bound":
            continue
        reasons = claim_reasons(cluster, claim)
        found = storage_class(cluster, claim["spec"].get("storageClassName"))
        late = bool(found and found.get("volumeBindingMode") == "WaitForFirstConsumer")
        phase = "Pending" if reasons or late else "Bound"
        cluster.set_status(claim, {"phase": phase, "bindable": late and not reasons})


def _workload_status(obj: Object, reasons: Reasons) -> dict[str, Any]:
    condition = "Ready" if obj["kind"] == "Pod" else "Available"
    state = {"type": condition, "status": "False" if reasons else "True", "message": "; ".join(reasons)}
    replicas = obj["spec"].get("replicas", 1)
    return {"replicas": replicas, "readyReplicas": 0 if reasons else replicas, "conditions": [state]}


def give_ingress_addresses(site: Site) -> None:
    """Publish the ingress controller's addresses in the status of the Ingresses of its class."""
    cluster = Cluster(site)
    published: list[dict[str, str]] = []
    for release in site.world.view(RELEASES).values():
        if release["chart"] == "traefik" and release["ready"]:
            service = cluster.look("Service", release["namespace"], release["services"][0])
            published = [{"ip": ip} for ip in (addresses(service) if service else [])]
    for ingress in cluster.each("networking.k8s.io/Ingress"):
        name = ingress["spec"].get("ingressClassName")
        served = name is None or cluster.exists("networking.k8s.io/IngressClass", "", name)
        if served and published:
            cluster.set_status(ingress, {"loadBalancer": {"ingress": published}})
