"""What installing a chart does to the simulated cluster, and when its workloads are ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes.charts import ChartFacts, facts_of, full_name
from lab.providers.kubernetes.cluster import CRDS, RELEASES, Cluster
from lab.providers.kubernetes.endpoints import RELEASE_NAME, RELEASE_NAMESPACE
from lab.providers.wire import Properties

# Definitions that the chart's operator registers once it runs.
REGISTERS_LATE: Final = frozenset({"cilium"})
RESOURCE_POLICY: Final = "helm.sh/resource-policy"

# Of Services of type LoadBalancer, as the charts' values have them.
_EXPOSED_PORTS: Final[Mapping[str, tuple[int, ...]]] = {"traefik": (80, 443), "vault": (8200, 8201), "gitea": (22,)}


def install(cluster: Cluster, key: str, chart: str, inputs: Properties) -> None:
    """Record the release, install its definitions, ServiceAccounts and Services."""
    old = cluster.world.get(RELEASES, key)
    values, facts = inputs.get("values") or {}, facts_of(chart)
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
        "ready": False,
        "revision": int(old["revision"]) + 1 if old else 1,
        "services": services,
        "fullname": fullname,
    }
    cluster.world.put(RELEASES, key, record, sealed=True)
    if chart not in REGISTERS_LATE:
        define(cluster, key, facts, values)
    annotations = {RELEASE_NAME: inputs["name"], RELEASE_NAMESPACE: inputs["namespace"]}
    for name in facts.accounts:
        account = _object("ServiceAccount", name.format(fullname=fullname, release=inputs["name"]), record, annotations)
        cluster.apply_plain(account)
    for name in services:
        cluster.apply_plain(_service(name, record, annotations))
    for one in _classes(chart, fullname, values):
        told = one["metadata"].get("annotations") or {}
        cluster.apply_plain({**one, "metadata": {**one["metadata"], "annotations": told | annotations}})


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
    return bool(_value(values, path, path != "crds.enabled"))


def keeps(facts: ChartFacts, values: Mapping[str, Any]) -> bool:
    """Whether Helm leaves the definitions of a chart behind."""
    annotations = _value(values, facts.annotations, {}) if facts.annotations else {}
    said = _value(values, facts.keeps, True) if isinstance(facts.keeps, str) else facts.keeps
    return bool(said) or annotations.get(RESOURCE_POLICY) == "keep"


def _value(values: Mapping[str, Any], path: str, default: Any) -> Any:
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return default
        found = found[part]
    return found


def _object(kind: str, name: str, record: Properties, annotations: Mapping[str, str]) -> Properties:
    metadata = {"name": name, "namespace": record["namespace"], "annotations": dict(annotations)}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _classes(chart: str, fullname: str, values: Mapping[str, Any]) -> Iterator[Properties]:
    """Those of volumes and of entries (storageclass.yaml of proxmox-csi-plugin, ingressclass.yaml of traefik)."""
    if chart == "proxmox-csi-plugin":
        for item in values.get("storageClass") or []:
            yield {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": item["name"], "annotations": item.get("annotations") or {}},
                "provisioner": "csi.proxmox.sinextra.dev",
                "reclaimPolicy": item.get("reclaimPolicy", "Delete"),
                "volumeBindingMode": "WaitForFirstConsumer",
            }
    ingress_class = values.get("ingressClass") or {}
    if chart == "traefik" and ingress_class.get("enabled", True):
        yield {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": ingress_class.get("name") or fullname},
            "spec": {"controller": "traefik.io/ingress-controller"},
        }


def _service(name: str, record: Properties, annotations: Mapping[str, str]) -> Properties:
    service = _object("Service", name, record, annotations)
    settings = _service_settings(record["chart"], name, record["values"])
    service["metadata"]["annotations"] |= settings.get("annotations") or {}
    service["spec"] = {
        "type": settings.get("type") or settings.get("spec", {}).get("type") or "ClusterIP",
        "selector": {"app.kubernetes.io/instance": record["name"]},
    }
    if ports := _EXPOSED_PORTS.get(record["chart"]) if service["spec"]["type"] == "LoadBalancer" else None:
        service["spec"]["ports"] = [{"port": port} for port in ports]
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
    """Remove the release, its objects, and definitions that do not outlive it."""
    record = cluster.world.get(RELEASES, key)
    if record is None:
        return
    cluster.world.delete(RELEASES, key)
    of = {RELEASE_NAME: record["name"], RELEASE_NAMESPACE: record["namespace"]}
    for kind in ("Service", "ServiceAccount", "storage.k8s.io/StorageClass", "networking.k8s.io/IngressClass"):
        for item in list(cluster.each(kind)):
            if of.items() <= (item["metadata"].get("annotations") or {}).items():
                cluster.remove(kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
    for name in [name for name, item in cluster.world.view(CRDS).items() if item.get("release") == key]:
        if not keeps(facts_of(record["chart"]), record["values"]):
            cluster.world.delete(CRDS, name)
            for item in list(cluster.each(name)):
                cluster.remove(name, item["metadata"].get("namespace", ""), item["metadata"]["name"])
