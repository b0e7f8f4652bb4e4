"""What a changed stack file would do to machines that run, and must not: compared with the exported state."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from settings import changes
from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.pools import NodePool

VM = "proxmoxve:index/vmLegacy:VmLegacy"
SYSTEM_DISK = "scsi0"
_NODE = re.compile(r"talos\.(?P<pool>.+)\.nodes\[(?P<node>[^\]]+)\]\.vmId")
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
        yield from _outgrown(f"talos.{key}.disk", pool.disk, pool, applied)
        for name, disk in pool.data_disks.items():
            yield from _outgrown(f"talos.{key}.dataDisks.{name}.size", disk.size, pool, applied, serial=name)
    yield from _moved(changes.applied(state), settings, settings.talos)
    kept = {node.name for node in settings.talos.nodes}
    for role, key in ("controlplane", "controlPlane.nodes"), ("worker", "workers"):
        gone = sorted(name for name, one in applied.items() if role in one["inputs"]["tags"] and name not in kept)
        if len(gone) > 1:
            yield f"talos.{key}: {', '.join(gone)} would go at once; remove one at a time ({_RUNBOOK})"


def _machines(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in (state.get("deployment") or {}).get("resources") or []:
        if one["type"] == VM and not one.get("delete"):
            yield one


def _outgrown(
    key: str, wanted: int, pool: NodePool, applied: Mapping[str, Mapping[str, Any]], serial: str = ""
) -> Iterator[str]:
    """Disks that would stay as they are: disks of machines are ignored, since a change detaches the CSI plugin's.

    Args:
        serial: Serial number of a data disk; without it the system disk, which is always there.
    """
    sizes = {node.name: _size(applied[node.name], serial) for node in pool.nodes if node.name in applied}
    for size in sorted({size for size in sizes.values() if size < wanted and (size or serial)}):
        names = [name for name, found in sizes.items() if found == size]
        has, them = ("has", "it") if len(names) == 1 else ("have", "them")
        what = f"{size} GB; grow {them}" if size else "none; attach one to each"
        how = "Grow the disks" if size else "Add a data disk"
        yield f"{key}: {wanted} GB, but {', '.join(names)} {has} {what} first, then make refresh ({_RUNBOOK}, {how})"


def _size(machine: Mapping[str, Any], serial: str) -> int:
    """Size of a disk in GB, as Proxmox said last, or as it was asked for where it never did; 0 where none is known."""
    for source in "outputs", "inputs":
        for disk in (machine.get(source) or {}).get("disks") or []:
            if disk.get("size") and (disk.get("serial") if serial else disk.get("interface")) == (
                serial or SYSTEM_DISK
            ):
                return int(disk["size"])
    return 0


def _moved(record: Mapping[str, str], settings: Settings, talos: TalosSettings) -> Iterator[str]:
    """Nodes that stand in another pool than the one they were made in, whose nodes keep what theirs have not."""
    now = {one.key: one.value for one in changes.declared(settings)}
    made = {found["node"]: found["pool"] for key in record if (found := _NODE.fullmatch(key))}
    for key, pool in talos.pools.items():
        for node in pool.nodes:
            before = made.get(node.name, key)
            if before != key and _kept(before, record) != _kept(key, now):
                yield (
                    f"talos.{key}.nodes[{node.name}]: was made in talos.{before}, whose nodes have another role, "
                    f"encryption or taints for good; add a node under another name and remove this one ({_RUNBOOK})"
                )


def _kept(key: str, values: Mapping[str, str]) -> tuple[bool | str, ...]:
    return (key == "controlPlane", *(values.get(f"talos.{key}.{one}", "nothing") for one in ("encryption", "taints")))
