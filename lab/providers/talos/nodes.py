"""Nodes that run: what a changed configuration does to them, when they come back, and whether etcd has a quorum.

What Talos takes while running and what needs a reboot is from CanApplyImmediate of siderolabs/talos v1.13
(internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go). A node that went down comes back as soon as somebody
waits for it, unless the fault `never-ready` of `Node <name>` is staged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.wire import Properties
from lab.site import Site
from lab.world import Record, World

NODES: Final = "talos/nodes"
RESTARTS: Final = "talos/restarts"
"""Every time that a running node went down: its name, why, which others of its role were down as well, and whether it
took no new pods any more."""

BOOT_SECONDS: Final = 60.0

_IMMEDIATE: Final = frozenset(
    {
        *("ca", "acceptedCAs", "time", "certSANs", "install", "network", "sysfs", "sysctls", "logging"),
        *("controlPlane", "kubelet", "kernel", "registries", "pods", "seccompProfiles"),
        *("nodeAnnotations", "nodeLabels", "nodeTaints"),
    }
)
_IMMEDIATE_FEATURES: Final = frozenset(
    {"kubernetesTalosAPIAccess", "kubePrism", "hostDNS", "imageCache", "nodeAddressSortAlgorithm"}
)
# Whatever is left of a site once its cluster is gone: the rest lived in the cluster.
_OUTSIDE: Final = ("site", "faults", "latency", "proxmox/", "talos/")


def names(world: World) -> set[str]:
    """Names of the nodes that are up."""
    return {node["name"] for node in world.table(NODES).values() if not node.get("down")}


def effect(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What a running node does when its configuration changes: `reboot`, `restart` (of its API server) or nothing."""
    if _fixed(old) != _fixed(new):
        return "reboot"
    versions = [config["machine"].get("kubelet", {}).get("image") for config in (old, new)]
    controls = new["machine"]["type"] == "controlplane"
    return "restart" if controls and (old["cluster"] != new["cluster"] or len(set(versions)) > 1) else ""


def _fixed(config: Mapping[str, Any]) -> Properties:
    """What Talos cannot take while running."""
    machine = {key: value for key, value in config["machine"].items() if key not in _IMMEDIATE}
    features = {key: value for key, value in machine.pop("features", {}).items() if key not in _IMMEDIATE_FEATURES}
    return {**machine, "features": features}


def take_down(world: World, address: str, why: str) -> None:
    """A running node goes down; two control planes of three take the API with them."""
    with world.transaction():
        nodes = world.table(NODES)
        kind = _kind(nodes[address])
        beside = [one["name"] for one in nodes.values() if one.get("down") and _kind(one) == kind]
        drained = bool(nodes[address].get("cordoned"))
        entry = {"node": nodes[address]["name"], "why": why, "beside": beside, "drained": drained}
        world.put(RESTARTS, str(len(world.keys(RESTARTS))), entry)
        world.put(NODES, address, {**nodes[address], "down": True}, sealed=True)
        _elect(world)


def bring_up(site: Site, address: str) -> bool:
    """Whether the node of an address is up, or comes back now that somebody waits for it."""
    node = site.world.get(NODES, address)
    if node is None:
        return False
    if node.get("down"):
        if site.faults.find("never-ready", ("Node",), (node["name"],)):
            return False
        site.clock.spend(BOOT_SECONDS)
        with site.world.transaction():
            site.world.put(NODES, address, {**(site.world.get(NODES, address) or node), "down": False}, sealed=True)
            _elect(site.world)
    return True


def has_quorum(world: World, server: str) -> bool:
    """Whether more than half of the control planes of a cluster are up."""
    down = [bool(one.get("down")) for one in world.table(NODES).values() if _serves(one, server)]
    return down.count(False) * 2 > len(down)


def forget(world: World, machine: int) -> None:
    """A VM is gone, and its disk with it; with the last control plane goes the cluster and all that lived in it."""
    nodes = world.table(NODES)
    gone = {address: one for address, one in nodes.items() if one["vm"] == machine}
    for address in gone:
        world.delete(NODES, address)
    lost = {server_of(one) for one in gone.values()} - {
        server_of(one) for one in nodes.values() if one["vm"] != machine
    }
    if any(world.get(CLUSTERS, server) is not None for server in lost):
        for table in world.tables():
            if not table.startswith(_OUTSIDE):
                for key in world.keys(table):
                    world.delete(table, key)


def _elect(world: World) -> None:
    """The API answers where etcd has a quorum, and again once it is back."""
    for server, api in world.table(CLUSTERS).items():
        if any(_serves(one, server) for one in world.table(NODES).values()):
            if not has_quorum(world, server):
                world.put(CLUSTERS, server, {**api, "answers": False, "lost": api["answers"] or api.get("lost", False)})
            elif api.get("lost"):
                world.put(CLUSTERS, server, {**api, "answers": True, "lost": False})


def _kind(node: Record) -> str:
    return str(node["config"]["machine"]["type"])


def server_of(node: Record) -> str:
    """URL of the cluster whose control plane the node is; empty for a worker."""
    return str(node["config"]["cluster"]["controlPlane"]["endpoint"]) if _kind(node) == "controlplane" else ""


def _serves(node: Record, server: str) -> bool:
    return server_of(node) == server
