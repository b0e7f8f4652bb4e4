"""`VmLegacy`: a virtual machine, as bpg's provider checks it and Proxmox VE refuses it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, Final

from lab.providers import schema
from lab.providers.base import Call, CheckFailedError, Diff, Result
from lab.providers.errors import RefusedError
from lab.providers.proxmox.files import FILES, ProxmoxResource
from lab.providers.talos import nodes
from lab.providers.wire import Properties

VMS: Final = "proxmox/vms"
ATTACHED: Final = "proxmox/attached"
"""Disks that somebody else attached to a VM, as the CSI plugin does: key `<vm id>/<interface>`."""

_MAC: Final = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_ID_RANGE: Final = (100, 999_999_999)
# proxmox-csi names the volumes it makes after this VM id (its default), so a VM of that id would own them.
_RESERVED_ID: Final = 9999
_LONGEST_SERIAL: Final = 20


class VmLegacy(ProxmoxResource):
    """A virtual machine.

    As bpg's: the disks read back differ from those asked for (`speed`), so that they are changed at every update which
    does not ignore them, and then every disk goes that is not in the plan. Sizes and devices are changed while the
    machine runs and take effect at its next start; disks are imported at creation only.
    """

    token = "proxmoxve:index/vmLegacy:VmLegacy"
    table: ClassVar[str] = VMS
    replace_on = frozenset({"vmId", "nodeName", "template"})

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The SDK's types, then the provider's value checks."""
        inputs = super().check(call, olds, news)
        problems = list(_vm_problems(inputs))
        if problems:
            raise CheckFailedError(problems)
        return inputs

    def defaults(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """A drive, unless one is asked for: that of the host, as the bridge fills the block."""
        return {**news, "cdrom": {"fileId": "cdrom", "interface": "ide3", **(news.get("cdrom") or {})}}

    def diff(self, call: Call, olds: Properties, news: Properties) -> Diff:
        """The disks always differ."""
        plain = super().diff(call, olds, news)
        return Diff(tuple(sorted({*plain.changes, "disks"})), plain.replaces)

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Change the machine; with disks among the changes, those that the plan does not know go."""
        if "disks" not in call.ignored:
            planned = {str(disk.get("interface")) for disk in news.get("disks") or []}
            _detach(call, identifier, keep=planned)
        return super().update(call, identifier, olds, news)

    def requirements(self, call: Call, inputs: Properties) -> None:
        """Images are there, and neither id, MAC nor address is another machine's."""
        _check_drive(inputs)
        _check_devices(inputs)
        for disk in inputs.get("disks") or []:
            image = disk.get("importFrom") or disk.get("fileId")
            if image and call.site.world.get(FILES, f"{inputs['nodeName']}|{image}") is None and _is_new(call):
                raise RefusedError(f"error creating VM: volume '{image}' does not exist on node {inputs['nodeName']}")
        for record in call.site.world.table(VMS).values():
            if record["urn"] == call.urn:
                continue
            shared = set(_macs(inputs)) & set(_macs(record["inputs"])) or set(addresses(inputs)) & set(
                addresses(record["inputs"])
            )
            if shared:
                raise RefusedError(f"VM {record['outputs']['vmId']} already uses {', '.join(sorted(shared))}")

    def identify(self, call: Call, inputs: Properties) -> str:
        """The VM id; the next free one unless given."""
        taken = {int(key) for key in call.site.world.keys(VMS)}
        free = next(number for number in range(_ID_RANGE[0], _ID_RANGE[1]) if number not in taken)
        return str(inputs.get("vmId") or free)

    def taken(self, identifier: str) -> str:
        """Proxmox VE's words."""
        reason = f"unable to create VM {identifier} - VM {identifier} already exists"
        return f"error creating VM: received an HTTP 500 response - Reason: {reason}"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Adds the id; the agent's addresses stay empty, as the program does not wait for it."""
        return {"ipv4Addresses": [], "ipv6Addresses": [], **inputs, "vmId": int(identifier)}

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Destroy the VM with its own disks, unless it is protected."""
        record = call.site.world.get(VMS, identifier)
        if record and record["inputs"].get("protection"):
            raise RefusedError(f"error deleting VM: can't remove VM {identifier} - protection mode enabled")
        _detach(call, identifier)
        nodes.forget(call.site.world, int(identifier))
        super().delete(call, identifier, state)


def _detach(call: Call, identifier: str, keep: Collection[str] = ()) -> None:
    """Take disks of others off a machine; the volumes stay on the storage."""
    for key in call.site.world.keys(ATTACHED):
        number, _, interface = key.partition("/")
        if number == identifier and interface not in keep:
            call.site.world.delete(ATTACHED, key)


def _check_drive(inputs: Mapping[str, Any]) -> None:
    drive = inputs["cdrom"]
    if drive["fileId"] == "cdrom":
        raise RefusedError(
            "error creating VM: received an HTTP 403 response - Reason: Permission check failed (/, Sys.Console)"
        )
    if inputs.get("machine") == "q35" and drive["interface"] in ("ide1", "ide3"):
        raise RefusedError(f"error starting VM: {drive['interface']}: q35 has only ide0 and ide2")


def _check_devices(inputs: Mapping[str, Any]) -> None:
    """A token is no root, whose password alone gives a device away by its address (qemu-server, PVE/API2/Qemu.pm)."""
    for device in inputs.get("hostpcis") or []:
        if not device.get("mapping"):
            raise RefusedError(
                f"error creating VM: only root can set '{device['device']}' config for non-mapped devices"
            )


def _is_new(call: Call) -> bool:
    """Import happens at creation only; later the image may be gone."""
    return all(record["urn"] != call.urn for record in call.site.world.table(VMS).values())


def _vm_problems(inputs: Mapping[str, Any]) -> Iterator[schema.Problem]:
    number = inputs.get("vmId")
    if isinstance(number, int) and not _ID_RANGE[0] <= number <= _ID_RANGE[1]:
        yield schema.Problem(
            "vmId", f"expected vm_id to be in the range ({_ID_RANGE[0]} - {_ID_RANGE[1]}), got {number}"
        )
    if number == _RESERVED_ID:
        yield schema.Problem("vmId", f"{number} is the id the Proxmox CSI plugin names its volumes after")
    if inputs.get("bios") == "ovmf" and not inputs.get("efiDisk"):
        yield schema.Problem("efiDisk", "bios is ovmf and no EFI disk is configured")
    for index, device in enumerate(inputs.get("networkDevices") or []):
        mac = device.get("macAddress")
        if isinstance(mac, str) and not _MAC.fullmatch(mac):
            yield schema.Problem(f"networkDevices[{index}].macAddress", f"{mac!r} is not a MAC address")
    for index, disk in enumerate(inputs.get("disks") or []):
        if len(str(disk.get("serial") or "")) > _LONGEST_SERIAL:
            yield schema.Problem(f"disks[{index}].serial", f"value may only be {_LONGEST_SERIAL} characters long")
    interfaces = [disk.get("interface") for disk in inputs.get("disks") or []]
    if len(set(interfaces)) != len(interfaces):
        yield schema.Problem("disks", f"duplicate disk interface in {interfaces}")
    for address in addresses(inputs):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            yield schema.Problem("initialization.ipConfigs", f"{address!r} is not an address with prefix length")


def _macs(inputs: Mapping[str, Any]) -> list[str]:
    devices = inputs.get("networkDevices") or []
    return [str(device["macAddress"]).upper() for device in devices if device.get("macAddress")]


def addresses(inputs: Mapping[str, Any]) -> list[str]:
    """Static addresses that cloud-init gives a machine."""
    configs = (inputs.get("initialization") or {}).get("ipConfigs") or []
    found = [(config.get("ipv4") or {}).get("address") for config in configs]
    return [str(item).partition("/")[0] for item in found if isinstance(item, str) and item != "dhcp"]
