"""What installing a chart does to the simulated cluster, and when its workloads are ready."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes import admission, pods, workloads
from lab.providers.kubernetes.chart_values import needs
from lab.providers.kubernetes.charts import CHARTS, ChartFacts, full_name
from lab.providers.kubernetes.cluster import CLUSTERS, CRDS, RELEASES, VAULTS, Cluster
from lab.providers.kubernetes.endpoints import RELEASE_NAME, RELEASE_NAMESPACE, addresses, unknown_services
from lab.providers.wire import Properties
from lab.site import Site

# Charts whose pods need a privileged namespace with the values of this project's reference (host network, host paths).
_PRIVILEGED: Final = frozenset({"cilium", "proxmox-csi-plugin"})
# Charts whose pods run before any network plugin does.
_HOST_NETWORK: Final = frozenset({"cilium"})
# Definitions that the chart's operator registers once it runs.
_REGISTERS_LATE: Final = frozenset({"cilium"})


def install(cluster: Cluster, key: str, chart: str, inputs: Properties) -> None:
    """Record the release, install its definitions, ServiceAccounts and Services."""
    old = cluster.world.get(RELEASES, key)
    values, facts = inputs.get("values") or {}, CHARTS[chart]
    fullname = full_name(chart, inputs["name"], values)
    services = [name.format(fullname=fullname, release=inputs["name"]) for name in facts.services]
    record = {
        "name": inputs["name"],
        "namespace": inputs["namespace"],
        "chart": chart,
        "values": values,
        "inputs": inputs,
        "status": "pending-upgrade" if old else "pending-install",
        "running": False,
        "revision": int(old["revision"]) + 1 if old else 1,
        "services": services,
        "fullname": fullname,
    }
    cluster.world.put(RELEASES, key, record, sealed=True)
    if chart not in _REGISTERS_LATE:
        define(cluster, key, facts, values)
    annotations = {RELEASE_NAME: inputs["name"], RELEASE_NAMESPACE: inputs["namespace"]}
    for name in facts.accounts:
        account = _object("ServiceAccount", name.format(fullname=fullname, release=inputs["name"]), record, annotations)
        cluster.apply_plain(account)
    for name in services:
        cluster.apply_plain(_service(name, record, annotations))


def define(cluster: Cluster, key: str, facts: ChartFacts, values: Mapping[str, Any]) -> None:
    """Install a chart's custom resource definitions, where its switch is on."""
    if facts.switch and not _is_on(values, facts.switch):
        return
    for group in facts.groups:
        for kind in dict.fromkeys(kind for kinds in group.kinds.values() for kind in kinds):
            versions = [version for version, kinds in group.kinds.items() if kind in kinds]
            record = {"versions": versions, "namespaced": kind not in group.cluster, "release": key}
            cluster.world.put(CRDS, f"{group.name}/{kind}", record)


def _is_on(values: Mapping[str, Any], path: str) -> bool:
    """Whether a switch is on; only cert-manager's is off by default."""
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return path != "crds.enabled"
        found = found[part]
    return bool(found)


def _object(kind: str, name: str, record: Properties, annotations: Mapping[str, str]) -> Properties:
    metadata = {"name": name, "namespace": record["namespace"], "annotations": dict(annotations)}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _service(name: str, record: Properties, annotations: Mapping[str, str]) -> Properties:
    service = _object("Service", name, record, annotations)
    settings = _service_settings(record["chart"], name, record["values"])
    service["metadata"]["annotations"] |= settings.get("annotations") or {}
    service["spec"] = {
        "type": settings.get("type") or settings.get("spec", {}).get("type") or "ClusterIP",
        "selector": {"app.kubernetes.io/instance": record["name"]},
    }
    if record["chart"] == "vault" or name.endswith("-headless"):
        service["spec"]["publishNotReadyAddresses"] = True
    return service


def _service_settings(chart: str, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of the values that shapes one Service, for the charts whose Service the program may expose."""
    if chart == "traefik":
        return {"type": "LoadBalancer", **(values.get("service") or {})}
    if chart == "vault" and not name.endswith("-internal"):
        found: Mapping[str, Any] = (values.get("server") or {}).get("service") or {}
        return found
    if chart == "gitea":
        part: Mapping[str, Any] = (values.get("service") or {}).get("ssh" if name.endswith("-ssh") else "http") or {}
        return part
    return {}


def uninstall(cluster: Cluster, key: str) -> None:
    """Remove the release, its Services and ServiceAccounts, and definitions that do not outlive it."""
    record = cluster.world.get(RELEASES, key)
    if record is None:
        return
    cluster.world.delete(RELEASES, key)
    for kind in ("Service", "ServiceAccount"):
        for item in list(cluster.each(kind, record["namespace"])):
            if (item["metadata"].get("annotations") or {}).get(RELEASE_NAME) == record["name"]:
                cluster.remove(kind, record["namespace"], item["metadata"]["name"])
    for name in [name for name, item in cluster.world.view(CRDS).items() if item.get("release") == key]:
        if not CHARTS[record["chart"]].keeps:
            cluster.world.delete(CRDS, name)
            for item in list(cluster.each(name)):
                cluster.remove(name, item["metadata"].get("namespace", ""), item["metadata"]["name"])


def reasons(cluster: Cluster, record: Properties) -> list[str]:
    """Why the release's workloads are not ready; empty when they are."""
    name, namespace, chart, values = record["name"], record["namespace"], record["chart"], record["values"]
    fault = cluster.site.faults.find("never-ready", ("Release",), (name,))
    if fault:
        return [fault]
    found = _refused_pods(cluster, record) + _missing(cluster, namespace, values)
    if chart not in _HOST_NETWORK and not pods.network_ready(cluster):
        found.append("0/1 nodes are available: container runtime network not ready: cni plugin not initialized")
    found += [f'could not translate host name "{host}" to address' for host in unknown_services(cluster, values)]
    for service in record["services"]:
        live = cluster.look("Service", namespace, service)
        if live and live["spec"].get("type") == "LoadBalancer" and not addresses(live):
            found.append(f"Service does not have load balancer ingress IP address: {namespace}/{service}")
    return found


def _refused_pods(cluster: Cluster, record: Properties) -> list[str]:
    level = admission.enforced_level(cluster, record["namespace"])
    if record["chart"] not in _PRIVILEGED or level == "privileged":
        return []
    return [f'pods "{record["fullname"]}-" is forbidden: violates PodSecurity "{level}:latest": host namespaces, hostPath']


def _missing(cluster: Cluster, namespace: str, values: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for need in needs(values):
        if need.kind == "StorageClass":
            claim = {"spec": {"storageClassName": need.name}}
            found += workloads.claim_reasons(cluster, claim)
        elif need.kind == "PersistentVolumeClaim":
            if not cluster.exists(need.kind, namespace, need.name):
                found.append(f'persistentvolumeclaim "{need.name}" not found')
        else:
            found += pods.lacking(cluster, need.kind, namespace, need.name, *need.keys)
    return found


def run_releases(site: Site) -> None:
    """Mark releases deployed once their workloads are ready, and do what running them does."""
    cluster = Cluster(site)
    for key, view in list(site.world.view(RELEASES).items()):
        if view["status"] == "deployed":
            continue
        record = copy.deepcopy(dict(view))
        # A storage driver's own classes come with the release, not with its readiness.
        _storage_classes(cluster, record)
        if not reasons(cluster, record):
            record["running"] = True
            if not _held_back(cluster, key, record):
                record["status"] = "deployed"
            site.world.put(RELEASES, key, record, sealed=True)
            _run(cluster, key, record)


def _held_back(cluster: Cluster, key: str, record: Properties) -> bool:
    """Whether Helm still waits although the pods run: a sealed Vault is NotReady, which Helm sees with RollingUpdate."""
    if record["chart"] != "vault":
        return False
    rolling = (record["values"].get("server") or {}).get("updateStrategyType") == "RollingUpdate"
    server = cluster.world.get(VAULTS, key)
    return rolling and (server is None or server["sealed"])


def _run(cluster: Cluster, key: str, record: Properties) -> None:
    if record["chart"] in _REGISTERS_LATE:
        define(cluster, key, CHARTS[record["chart"]], record["values"])
        for server, api in list(cluster.world.table(CLUSTERS).items()):
            cluster.world.put(CLUSTERS, server, api | {"network": True})
    ingress_class = record["values"].get("ingressClass") or {}
    if record["chart"] == "traefik" and ingress_class.get("enabled", True):
        name = ingress_class.get("name") or record["fullname"]
        spec = {"controller": "traefik.io/ingress-controller"}
        kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass"}
        cluster.apply_plain({**kind, "metadata": {"name": name}, "spec": spec})


def _storage_classes(cluster: Cluster, record: Properties) -> None:
    if record["chart"] != "proxmox-csi-plugin":
        return
    for item in record["values"].get("storageClass") or []:
        obj = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": item["name"], "annotations": item.get("annotations") or {}},
            "provisioner": "csi.proxmox.sinextra.dev",
            "reclaimPolicy": item.get("reclaimPolicy", "Delete"),
            "volumeBindingMode": "WaitForFirstConsumer",
        }
        cluster.apply_plain(obj)
