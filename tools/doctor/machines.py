"""Proxmox VE: whether the machines that are still to be made have ids, memory, storage and an image there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.talos.schematic import systems, tag
from scripts.talos_upgrade import OLDEST_TALOSCTL
from settings.infrastructure import TalosSettings
from settings.pools import Node, NodePool
from settings.proxmox import HOST_MEMORY, ProxmoxSettings, disks
from tools.applied_releases import of_nodes
from tools.doctor.findings import Finding, failed, ok, skipped
from tools.doctor.proxmox import ACCESS, hosts_of
from tools.doctor.proxmox_api import ProxmoxError
from tools.doctor.site import Site

IMAGE_SPACE = 1
"""GiB that an image of Talos takes at most."""

_SERVER_ERROR = 500
_MIB, _GIB = 1024**2, 1024**3


def ids(site: Site) -> Iterator[Finding]:
    """Whether the ids of what is still to be made are free, also of guests that the token cannot see."""
    _, talos = site.machines
    to_make = [node for node in talos.nodes if node.vm_id not in site.made]
    seen = {int(one["vmid"]): one for one in site.proxmox.get("cluster/resources", type="vm")}
    taken = False
    for node in to_make:
        try:
            site.proxmox.get("cluster/nextid", vmid=node.vm_id)
        except ProxmoxError as error:
            taken = True
            guest = seen.get(node.vm_id)
            whose = f"is {guest.get('name')} on {guest.get('node')}" if guest else f"is not free: {error}"
            fix = f"give {node.name} another vmId, or remove that guest if it is left over from an earlier cluster"
            yield failed(f"vmId {node.vm_id} of {node.name} {whose}, and not of this stack", fix)
    gone = [node for node in talos.nodes if node.vm_id in site.made and node.vm_id not in seen]
    for node in gone:
        fix = "make refresh, if it is gone for good; the next update then makes it anew"
        yield failed(f"VM {node.vm_id} ({node.name}) is in the state, but not on Proxmox", fix)
    if not taken and not gone:
        yield ok(f"{len(to_make)} free" if to_make else f"all {len(talos.nodes)} machines are there")


def memory(site: Site) -> Iterator[Finding]:
    """Whether each host has memory for the machines that are still to be made, beside all guests that run."""
    proxmox, talos = site.machines
    guests = site.proxmox.get("cluster/resources", type="vm")
    for host in hosts_of(talos):
        wanted = sum(pool.memory for pool, node in _to_make(site, talos) if node.host == host)
        if not wanted:
            continue
        try:
            total = int(site.proxmox.get(f"nodes/{host}/status")["memory"]["total"]) // _MIB
        except ProxmoxError as error:
            yield skipped(f"{host} does not say how much it has: {error}")
            continue
        running = [one for one in guests if one.get("node") == host and one.get("status") == "running"]
        used = sum(int(one.get("maxmem") or 0) for one in running) // _MIB
        kept = proxmox.hosts[host].kept if host in proxmox.hosts else HOST_MEMORY
        left = total - kept - used
        what = f"{host}: {wanted} MiB wanted, {left} of {total} left"
        if wanted > left:
            beside = f"beside {len(running)} running guests and {kept} MiB of the host itself"
            yield failed(f"{what} {beside}", "use smaller nodes, another host, or stop other guests")
        else:
            yield ok(what)


def storages(site: Site) -> Iterator[Finding]:
    """Whether each storage takes what is to lie on it, and has room for the machines that are still to be made."""
    proxmox, talos = site.machines
    shared: dict[str, int] = {}
    for host in hosts_of(talos):
        try:
            found = {one["storage"]: one for one in site.proxmox.get(f"nodes/{host}/storage")}
        except ProxmoxError as error:
            yield skipped(f"{host} does not say which it has: {error}")
            continue
        to_make = [pool for pool, node in _to_make(site, talos) if node.host == host]
        wanted: dict[str, int] = {}
        for key, storage, content, room in _uses(proxmox, to_make):
            yield from _fits(f"{key} {storage} on {host}", found.get(storage), content)
            wanted[storage] = wanted.get(storage, 0) + room
        for storage, room in wanted.items():
            entry = found.get(storage) or {}
            if entry.get("shared"):
                room = shared[storage] = shared.get(storage, 0) + room  # noqa: PLW2901 - of all hosts so far
            free = int(entry.get("avail") or 0) // _GIB
            if entry.get("active") and room > free:
                fix = "free some, use smaller disks, or another storage"
                yield failed(f"{storage} on {host}: {room} GiB wanted, {free} free", fix)


def _uses(proxmox: ProxmoxSettings, to_make: Sequence[NodePool]) -> Iterator[tuple[str, str, str, int]]:
    """Key, storage, content type and GiB that are still needed."""
    common = proxmox.vm_datastore
    others = {disk.datastore for pool in to_make for disk in pool.data_disks.values() if disk.datastore} - {common}
    yield "proxmox.imageDatastore", proxmox.image_datastore, "import", IMAGE_SPACE if to_make else 0
    for key, storage in ("proxmox.vmDatastore", common), *(("dataDisks", one) for one in sorted(others)):
        yield key, storage, "images", sum(disks(pool, storage, common) for pool in to_make)
    yield "proxmox.csi.datastore", proxmox.csi.datastore, "images", 0


def _fits(what: str, entry: Mapping[str, Any] | None, content: str) -> Iterator[Finding]:
    if entry is None:
        fix = f"correct it, or give the token Datastore.Audit on it; pvesm status lists them ({ACCESS})"
        yield failed(f"{what} is not there, or the token may not see it", fix)
    elif not entry.get("enabled", 1) or not entry.get("active"):
        yield failed(f"{what} is not active", "enable it for that host (Datacenter, Storage)")
    elif content not in str(entry.get("content", "")).split(","):
        has = str(entry.get("content", "")).replace(",", ", ")
        fix = f"add {content} to its content types (Datacenter, Storage, Edit; {ACCESS})"
        yield failed(f"{what} takes {has}, and not {content}", fix)
    else:
        yield ok(f"{what} takes {content}")


def image(site: Site) -> Iterator[Finding]:
    """Whether each host reaches the Image Factory, from which it downloads; any answer of it will do."""
    _, talos = site.machines
    for host in hosts_of(talos):
        try:
            site.proxmox.get(f"nodes/{host}/query-url-metadata", url=f"https://{talos.factory}/")
        except ProxmoxError as error:
            if error.status != _SERVER_ERROR:
                yield skipped(f"{host} cannot be asked: {error}")
                continue
            # Proxmox asks by HEAD and passes on what is not 200; 500 is what its own client says of a failure.
            if "invalid server response" not in str(error) or "'500" in str(error):
                fix = f"let {host} reach {talos.factory}, 443/tcp, and resolve that name"
                yield failed(f"{host} does not reach it: {error}", fix)
                continue
        yield ok(f"{host} reaches {talos.factory}")


def talosctl(site: Site) -> Iterator[Finding]:
    """Whether `talosctl` is there for nodes that the next update takes to another Talos (scripts/talos_upgrade.py)."""
    _, talos = site.machines
    upgraded = list(_upgraded(site, talos))
    said = site.reach.program("talosctl", "version", "--client", "--short")
    found = re.search(r"v(\d+)\.(\d+)\.\S+", said)
    if found and (int(found[1]), int(found[2])) >= OLDEST_TALOSCTL:
        yield ok(found[0])
        return
    lacking = f"{found[0]} is too old" if found else "it is not on PATH"
    if upgraded:
        fix = "install the talosctl of the Talos that runs (github.com/siderolabs/talos, releases)"
        yield failed(f"{lacking}, and {', '.join(upgraded)} must go to Talos {talos.version}", fix)
    else:
        yield skipped(f"{lacking}, and only nodes that go to another Talos need it")


def _upgraded(site: Site, talos: TalosSettings) -> Iterator[str]:
    """Nodes to which another Talos was applied last, as updates wrote it down."""
    there = dict(of_nodes(site.state))
    for key, system in systems(talos).items():
        wanted = {"talos": tag(talos.version), "schematic": system.schematic.id}
        for node in talos.pools[key].nodes:
            if not wanted.items() <= there.get(node.name, wanted).items():
                yield node.name


def _to_make(site: Site, talos: TalosSettings) -> Iterator[tuple[NodePool, Node]]:
    """Machines that the next update makes, with the pool that says how large."""
    for pool in talos.pools.values():
        yield from ((pool, node) for node in pool.nodes if node.vm_id not in site.made)
