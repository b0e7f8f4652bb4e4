"""What a changed stack file would do to machines that run, and must not: compared with the exported state."""

from collections.abc import Iterator, Mapping
from typing import Any

from settings import Settings
from settings.infrastructure import Node, NodePool

VM = "proxmoxve:index/vmLegacy:VmLegacy"
SYSTEM_DISK = "scsi0"
_RUNBOOK = "docs/runbooks/nodes.md"


def refused(state: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """One line for each change that takes more than one node at a time, or that nothing would carry out.

    Args:
        state: Exported state of the stack; empty where there is none. After a refresh the sizes in it are Proxmox'.
    """
    if settings.talos is None:
        return
    applied = {str(one["inputs"]["name"]): one for one in _machines(state)}
    pools = {"controlPlane": settings.talos.control_plane, "worker": settings.talos.worker}
    for pool, nodes in pools.items():
        if nodes is None:
            continue
        yield from _resized(f"talos.{pool}.disk", nodes, applied)
        for index, node in enumerate(nodes.nodes):
            if node.name in applied:
                yield from _moved(f"talos.{pool}.nodes[{index}]", node, applied[node.name])
    kept = {node.name for node in settings.talos.nodes}
    for role, pool in ("controlplane", "controlPlane"), ("worker", "worker"):
        gone = sorted(name for name, one in applied.items() if role in one["inputs"]["tags"] and name not in kept)
        if len(gone) > 1:
            yield f"talos.{pool}.nodes: {', '.join(gone)} would go at once; remove one at a time ({_RUNBOOK})"


def _machines(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in (state.get("deployment") or {}).get("resources") or []:
        if one["type"] == VM and not one.get("delete"):
            yield one


def _resized(key: str, pool: NodePool, applied: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Disks that would stay as they are: their sizes are ignored, since a change of disks detaches the CSI plugin's."""
    sizes = {node.name: _size(applied[node.name]) for node in pool.nodes if node.name in applied}
    for size in sorted({size for size in sizes.values() if size not in (None, pool.disk)}):
        names = ", ".join(name for name, found in sizes.items() if found == size)
        way = (
            f"grow {'it' if len(names.split()) == 1 else 'them'} first, then make refresh ({_RUNBOOK}, Grow the disks)"
            if size < pool.disk
            else f"a disk never shrinks, so keep {size} or replace the nodes one at a time ({_RUNBOOK})"
        )
        yield f"{key}: {pool.disk} GB, but {names} {'has' if ',' not in names else 'have'} {size} GB; {way}"


def _size(machine: Mapping[str, Any]) -> Any:
    """Size of the system disk in GB, as Proxmox said last; what was asked for where it never did."""
    for source in "outputs", "inputs":
        for disk in (machine.get(source) or {}).get("disks") or []:
            if disk.get("interface") == SYSTEM_DISK and disk.get("size"):
                return int(disk["size"])
    return None


def _moved(key: str, node: Node, machine: Mapping[str, Any]) -> Iterator[str]:
    """A running node keeps what it is known by: etcd, the CSI plugin and Talos know it by these."""
    inputs = machine["inputs"]
    config = inputs["initialization"]["ipConfigs"][0]["ipv4"]["address"]
    known = {
        "host": (node.host, str(inputs["nodeName"])),
        "vmId": (node.vm_id, int(inputs["vmId"])),
        "address": (str(node.address), str(config).partition("/")[0]),
    }
    for name, (wanted, found) in known.items():
        if wanted != found:
            yield (
                f"{key}.{name}: is {wanted}, but {node.name} runs with {found}, and its disk would not follow; take it "
                f"out and add it again, one node at a time ({_RUNBOOK})"
            )
