"""Nodes as the scheduler and the load balancers see them: taints and labels that follow from their configuration.

A cluster that was there before the program brings nodes that the lab does not know, and that take everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster, selects
from lab.providers.talos.nodes import NODES

CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"


def _configurations(cluster: Cluster) -> list[Mapping[str, Any]]:
    return [record["config"] for record in cluster.world.view(NODES).values()]


def _controls(config: Mapping[str, Any]) -> bool:
    return bool(config["machine"]["type"] == "controlplane")


def untolerated(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[str]:
    """Why the scheduler finds no node for a pod."""
    nodes = _configurations(cluster)
    tolerates = any(
        one.get("operator") == "Exists" and one.get("key", CONTROL_PLANE) == CONTROL_PLANE
        for one in spec.get("tolerations") or []
    )
    tainted = [one for one in nodes if _controls(one) and not one["cluster"].get("allowSchedulingOnControlPlanes")]
    if nodes and len(tainted) == len(nodes) and not tolerates:
        count = len(nodes)
        yield f"0/{count} nodes are available: {count} node(s) had untolerated taint(s): {CONTROL_PLANE}"


def announces(cluster: Cluster, policy: Mapping[str, Any]) -> bool:
    """Whether a node answers for addresses by this CiliumL2AnnouncementPolicy."""
    selector = policy["spec"].get("nodeSelector") or {}
    nodes = _configurations(cluster)
    return not nodes or any(selects(selector, _labels(config)) for config in nodes)


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    own = dict(config["machine"].get("nodeLabels") or {})
    return own | ({CONTROL_PLANE: ""} if _controls(config) else {})
