"""What a changed stack file would do to machines that run, and must not: compared with the exported state."""

from collections.abc import Iterator, Mapping
from typing import Any

from settings.model import Settings
from settings.pools import NodePool

VM = "proxmoxve:index/vmLegacy:VmLegacy"
SYSTEM_DISK = "scsi0"
_RUNBOOK = "docs/runbooks/nodes.md"


def refused(state: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """One line for each change that takes more than one node at a time, or that nothing would carry out.

    What a node keeps for good, and that its disk never shrinks, are rules of the settings (settings/rules.py).

    Args:
        state: Exported state of the stack; empty where there is none. After a refresh the sizes in it are Proxmox'.
    """
    if settings.talos is None:
        return
    applied = {str(one["inputs"]["name"]): one for one in _machines(state)}
    for key, pool in settings.talos.pools.items():
        yield from _outgrown(f"talos.{key}.disk", pool, applied)
    kept = {node.name for node in settings.talos.nodes}
    for role, key in ("controlplane", "controlPlane.nodes"), ("worker", "workers"):
        gone = sorted(name for name, one in applied.items() if role in one["inputs"]["tags"] and name not in kept)
        if len(gone) > 1:
            yield f"talos.{key}: {', '.join(gone)} would go at once; remove one at a time ({_RUNBOOK})"


def _machines(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in (state.get("deployment") or {}).get("resources") or []:
        if one["type"] == VM and not one.get("delete"):
            yield one


def _outgrown(key: str, pool: NodePool, applied: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Disks that would stay as they are: their sizes are ignored, since a change of disks detaches the CSI plugin's."""
    sizes = {node.name: _size(applied[node.name]) for node in pool.nodes if node.name in applied}
    for size in sorted({size for size in sizes.values() if size is not None and size < pool.disk}):
        names = [name for name, found in sizes.items() if found == size]
        has, them = ("has", "it") if len(names) == 1 else ("have", "them")
        yield (
            f"{key}: {pool.disk} GB, but {', '.join(names)} {has} {size} GB; grow {them} first, then make refresh "
            f"({_RUNBOOK}, Grow the disks)"
        )


def _size(machine: Mapping[str, Any]) -> int | None:
    """Size of the system disk in GB, as Proxmox said last; what was asked for where it never did."""
    for source in "outputs", "inputs":
        for disk in (machine.get(source) or {}).get("disks") or []:
            if disk.get("interface") == SYSTEM_DISK and disk.get("size"):
                return int(disk["size"])
    return None
