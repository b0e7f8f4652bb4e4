"""What the two API tokens must be allowed in Proxmox VE, path by path; a role of each holds all of it.

The same on 8.4 and 9. The guest agent, whose privilege has another name on each (`VM.Monitor`, `VM.GuestAgent.Audit`),
is asked by nobody: `wait_for_ip` is off, and `reboot_after_update` too (bpg/terraform-provider-proxmox,
proxmox/nodes/vms/vms.go, `WaitForNetworkInterfacesFromVMAgent` and `WaitForAgentReady`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from settings.model import Settings
from settings.proxmox import ProxmoxSettings


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Privileges on a path of the access control lists, and what they are for."""

    path: str
    privileges: tuple[str, ...]
    purpose: str


_MACHINE = (
    "VM.Allocate",
    "VM.Audit",
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Cloudinit",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.PowerMgmt",
)


def of_program(settings: Settings) -> Iterator[Grant]:
    """Of `proxmoxApiToken`, as qemu-server (src/PVE/API2/Qemu.pm) and pve-storage (src/PVE/API2/Storage) check them."""
    proxmox, talos = settings.proxmox, settings.talos
    if proxmox is None or talos is None:
        return
    # `startup` of a VM asks for Sys.Modify, the download of a URL for both.
    yield Grant(path="/", privileges=("Sys.Audit", "Sys.Modify"), purpose="order of start, download of the image")
    for node in talos.nodes:
        yield Grant(path=f"/vms/{node.vm_id}", privileges=_MACHINE, purpose=node.name)
    # To delete the image of an earlier release, or one that an interrupted download left, takes Datastore.Allocate.
    image = ("Datastore.Allocate", "Datastore.AllocateTemplate", "Datastore.Audit")
    yield Grant(path=f"/storage/{proxmox.image_datastore}", privileges=image, purpose="image of Talos")
    disks = ("Datastore.AllocateSpace", "Datastore.Audit")
    storages = {
        proxmox.vm_datastore,
        *(one.datastore for pool in talos.pools.values() for one in pool.data_disks.values()),
    }
    for storage in sorted(filter(None, storages)):
        yield Grant(path=f"/storage/{storage}", privileges=disks, purpose="disks of the VMs")
    for mapping in sorted({one for pool in talos.pools.values() for one in pool.pci_devices}):
        yield Grant(path=f"/mapping/pci/{mapping}", privileges=("Mapping.Use",), purpose="PCI devices of the VMs")
    network = settings.network
    tag = f"/{network.vlan}" if network.vlan is not None else ""
    bridge = f"/sdn/zones/localnetwork/{network.bridge}{tag}"
    yield Grant(path=bridge, privileges=("SDN.Use",), purpose="network of the VMs")


def of_csi(settings: Settings, proxmox: ProxmoxSettings) -> Iterator[Grant]:
    """Of the CSI plugin's own token (sergelogvinov/proxmox-csi-plugin, docs/install.md, without replication)."""
    volumes = ("Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit")
    yield Grant(path=f"/storage/{proxmox.csi.datastore}", privileges=volumes, purpose="volumes")
    for node in settings.talos.nodes if settings.talos is not None else ():
        yield Grant(path=f"/vms/{node.vm_id}", privileges=("VM.Audit", "VM.Config.Disk"), purpose=node.name)
