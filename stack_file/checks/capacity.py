"""Checks of Proxmox hosts, as far as they are declared, against the machines that are to run on them."""

from collections import Counter
from collections.abc import Iterator

from lib.kubernetes import mebibytes
from settings.model import Settings
from settings.pools import Node, NodePool
from settings.problem import Problem
from settings.proxmox import Host, disks, machines_on
from stack_file.checks.sizes import volumes

SHARED_BY = 4
"""Virtual CPUs that may share a thread of the host: the usual measure for machines that are mostly idle."""

Machines = list[tuple[str, NodePool, Node]]


def machines_fit_on_their_hosts(settings: Settings) -> Iterator[Problem]:
    proxmox, talos = settings.proxmox, settings.talos
    if proxmox is None or talos is None:
        return
    for name, host in proxmox.hosts.items():
        machines = list(machines_on(name, talos.pools))
        where = f"proxmox.hosts.{name}"
        yield from _memory(where, host, machines)
        yield from _cores(where, host, machines)
        alone = {node.host for node in talos.nodes} == {name} and proxmox.csi.datastore == proxmox.vm_datastore
        # On several hosts, or on a storage of its own, it is not known which volume lies where.
        stored = _volumes(settings) if alone else 0
        yield from _storage(where, host, machines, proxmox.vm_datastore, stored)
        yield from _devices(where, name, host, machines)


def _memory(where: str, host: Host, machines: Machines) -> Iterator[Problem]:
    wanted = sum(pool.memory for _, pool, _ in machines)
    if wanted + host.kept > host.memory:
        clash = f"is too little: its machines have {wanted}, and {host.kept} are kept for the host itself"
        fix = "use fewer or smaller machines, or another host"
        yield Problem(f"{where}.memory", host.memory, clash, fix)


def _cores(where: str, host: Host, machines: Machines) -> Iterator[Problem]:
    for key, pool in dict((key, pool) for key, pool, _ in machines).items():
        if pool.cores > host.cores:
            # qemu-server, src/PVE/QemuServer.pm: "MAX … vcpus allowed per VM on this node".
            clash = f"are more than {where}.cores {host.cores}, with which Proxmox starts no machine"
            yield Problem(f"talos.{key}.cores", pool.cores, clash, f"use {host.cores} or fewer")
    wanted = sum(pool.cores for _, pool, _ in machines)
    if wanted > SHARED_BY * host.cores:
        clash = f"threads would be shared by {wanted} virtual CPUs, more than {SHARED_BY} each"
        yield Problem(f"{where}.cores", host.cores, clash, "use fewer or smaller machines, or another host")


def _storage(where: str, host: Host, machines: Machines, storage: str, stored: int) -> Iterator[Problem]:
    wanted = sum(disks(pool, storage, storage) for _, pool, _ in machines)
    if wanted + stored > host.storage:
        clash = f"is too little: disks of its machines take {wanted} GiB of {storage}"
        clash += f", and volumes {stored}" if stored else ""
        yield Problem(f"{where}.storage", host.storage, clash, "use smaller disks, or another storage")


def _volumes(settings: Settings) -> int:
    """GiB of all volumes."""
    return sum(mebibytes(size) * copies for size, copies in volumes(settings).values()) // 1024


def _devices(where: str, name: str, host: Host, machines: Machines) -> Iterator[Problem]:
    wanted = Counter(mapping for _, pool, _ in machines for mapping in pool.pci_devices)
    for mapping, count in wanted.items():
        there = host.pci_devices.get(mapping, 0)
        if count > there:
            keys = sorted({f"talos.{key}.pciDevices" for key, pool, _ in machines if mapping in pool.pci_devices})
            clash = f"is to be given away {count} times on {name}, and {where}.pciDevices has {there} of it"
            yield Problem(", ".join(keys), mapping, clash, "move nodes to other hosts, or declare more")
