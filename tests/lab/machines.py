"""Inputs of a machine and of its image, and a host that has the image."""

from __future__ import annotations

from typing import Any

from tests.lab.bench import Bench

FILE = "proxmoxve:download/fileLegacy:FileLegacy"
VM = "proxmoxve:index/vmLegacy:VmLegacy"
NODE, VIP = "192.0.2.11", "192.0.2.100"
IMAGE = {
    "contentType": "import",
    "datastoreId": "local",
    "nodeName": "pve",
    "url": "https://images.example/talos.qcow2",
}


def with_host(bench: Bench) -> None:
    """A Proxmox host with the image."""
    bench.configure("proxmoxve", endpoint="https://pve.example:8006/", apiToken="set")
    bench.create(FILE, IMAGE)


def machine(number: int = 201, address: str = NODE, **more: Any) -> dict[str, Any]:
    """A machine with a static address."""
    disk = {"interface": "scsi0", "importFrom": "local:import/talos.qcow2"}
    config = {"ipv4": {"address": f"{address}/24", "gateway": "192.0.2.1"}}
    return {
        "nodeName": "pve",
        "vmId": number,
        "disks": [disk],
        "initialization": {"ipConfigs": [config]},
        "networkDevices": [{"macAddress": f"BC:24:11:00:00:{number % 100:02d}"}],
        "cdrom": {"fileId": "none"},
        **more,
    }
