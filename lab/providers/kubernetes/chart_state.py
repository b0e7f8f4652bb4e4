"""When a release's workloads run, and what their running does to the simulated cluster."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes import admission, nodes, pods, workloads
from lab.providers.kubernetes.chart_values import needs
from lab.providers.kubernetes.charted import REGISTERS_LATE, define
from lab.providers.kubernetes.charts import facts_of
from lab.providers.kubernetes.cluster import CLUSTERS, RELEASES, VAULTS, Cluster
from lab.providers.kubernetes.endpoints import addresses, unknown_services
from lab.providers.wire import Properties
from lab.site import Site

# Charts whose pods need a privileged namespace with the values of this project's reference (host network, host paths).
_PRIVILEGED: Final = frozenset({"cilium", "proxmox-csi-plugin"})
# Charts whose pods run before any network plugin does.
_HOST_NETWORK: Final = frozenset({"cilium"})


def reasons(cluster: Cluster, record: Properties) -> list[str]:
    """Why the release's workloads are not ready; empty when they are."""
    name, namespace, chart, values = record["name"], record["namespace"], record["chart"], record["values"]
    fault = cluster.site.faults.find("never-ready", ("Release",), (name,))
    if fault:
        return [fault]
    found = _refused_pods(cluster, record) + _missing(cluster, namespace, values)
    if chart not in _HOST_NETWORK and not pods.network_ready(cluster):
        found.append("0/1 nodes are available: container runtime network not ready: cni plugin not initialized")
    if chart not in _HOST_NETWORK:
        found += nodes.untolerated(cluster, {})
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
    return [
        f'pods "{record["fullname"]}-" is forbidden: violates PodSecurity "{level}:latest": host namespaces, hostPath'
    ]


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
    """Mark releases ready once their workloads are, and do what running them does.

    What Helm records of them is another thing: `status` is written by whoever waits for the release, if that one lives.
    """
    cluster = Cluster(site)
    for key, view in list(site.world.view(RELEASES).items()):
        if view["ready"]:
            continue
        record = copy.deepcopy(dict(view))
        if not reasons(cluster, record):
            record["running"] = True
            record["started"] = record.get("started") or cluster.tick()
            record["ready"] = not _held_back(cluster, key, record)
            site.world.put(RELEASES, key, record, sealed=True)
            _run(cluster, key, record)


def _held_back(cluster: Cluster, key: str, record: Properties) -> bool:
    """Whether Helm waits although the pods run: a sealed Vault is NotReady, which Helm sees with RollingUpdate."""
    if record["chart"] != "vault":
        return False
    rolling = (record["values"].get("server") or {}).get("updateStrategyType") == "RollingUpdate"
    server = cluster.world.get(VAULTS, key)
    return rolling and (server is None or server["sealed"])


def _run(cluster: Cluster, key: str, record: Properties) -> None:
    if record["chart"] in REGISTERS_LATE:
        define(cluster, key, facts_of(record["chart"]), record["values"])
        for server, api in list(cluster.world.table(CLUSTERS).items()):
            cluster.world.put(CLUSTERS, server, api | {"network": True})
