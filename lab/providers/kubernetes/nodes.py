"""Nodes as the scheduler and the load balancers see them: taints and labels that follow from their configuration.

A cluster that was there before the program brings nodes that the lab does not know, and that take everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster, selects
from lab.providers.talos.nodes import NODES

CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
_KUBELET_LABELS: Final = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


def _configurations(cluster: Cluster) -> list[Mapping[str, Any]]:
    return [record["config"] for record in cluster.world.view(NODES).values()]


def _controls(config: Mapping[str, Any]) -> bool:
    return bool(config["machine"]["type"] == "controlplane")


def untolerated(cluster: Cluster, spec: Mapping[str, Any]) -> Iterator[str]:
    """Why the scheduler finds no node for a pod."""
    tolerations = spec.get("tolerations") or []
    held = [
        [taint["key"] for taint in _taints(node) if not any(_tolerates(one, taint) for one in tolerations)]
        for node in _configurations(cluster)
    ]
    if held and all(held):
        keys = ", ".join(sorted({key for keys in held for key in keys}))
        yield f"0/{len(held)} nodes are available: {len(held)} node(s) had untolerated taint(s): {keys}"


def registered(config: Mapping[str, Any]) -> tuple[dict[str, str], list[Mapping[str, str]]]:
    """Labels and taints of a node of that configuration."""
    return _labels(config), _taints(config)


def _taints(config: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Taints of a node that keep pods away.

    Of control planes Talos sets `nodeTaints`; workers have only those that their kubelets registered them with.
    """
    machine = config["machine"]
    found: list[Mapping[str, str]] = []
    if _controls(config):
        set_up = {} if config["cluster"].get("allowSchedulingOnControlPlanes") else {CONTROL_PLANE: "NoSchedule"}
        for key, taint in (set_up | (machine.get("nodeTaints") or {})).items():
            value, _, effect = taint.rpartition(":")
            found.append({"key": key, "value": value, "effect": effect})
    else:
        found += (machine.get("kubelet", {}).get("extraConfig") or {}).get("registerWithTaints") or []
    return [taint for taint in found if taint["effect"] != "PreferNoSchedule"]


def _tolerates(toleration: Mapping[str, str], taint: Mapping[str, str]) -> bool:
    """As Kubernetes' `Toleration.ToleratesTaint`."""
    exists = toleration.get("operator") == "Exists"
    return (
        toleration.get("effect", taint["effect"]) == taint["effect"]
        and toleration.get("key", taint["key"] if exists else "") == taint["key"]
        and (exists or toleration.get("value", "") == taint.get("value", ""))
    )


def announces(cluster: Cluster, policy: Mapping[str, Any]) -> bool:
    """Whether a node answers for addresses by this CiliumL2AnnouncementPolicy."""
    selector = policy["spec"].get("nodeSelector") or {}
    nodes = _configurations(cluster)
    return not nodes or any(selects(selector, _labels(config)) for config in nodes)


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    """Labels of a node. A worker gives them to itself in one request, and none where NodeRestriction forbids a part of
    it (kubernetes, plugin/pkg/admission/noderestriction)."""
    machine = config["machine"]
    own = dict(machine.get("nodeLabels") or {})
    if _controls(config):
        return own | {CONTROL_PLANE: ""}
    return {} if machine.get("nodeTaints") or any(map(_is_forbidden, own)) else own


def _is_forbidden(label: str) -> bool:
    namespace = label.rpartition("/")[0]
    of_kubernetes = re.search(r"(^|\.)(kubernetes|k8s)\.io$", namespace) and label not in _KUBELET_LABELS
    return bool(of_kubernetes and not re.search(r"(^|\.)(kubelet|node)\.kubernetes\.io$", namespace))
