"""The `proxmoxve` package: `download.FileLegacy` and `VmLegacy`, as bpg's provider checks and Proxmox VE refuses them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from lab.providers import schema
from lab.providers.base import Call, CheckFailedError, Package, Resource, Result
from lab.providers.errors import RefusedError
from lab.providers.talos.images import SCHEMATICS
from lab.providers.wire import UNKNOWN, Properties

VMS: Final = "proxmox/vms"
FILES: Final = "proxmox/files"

_TOKEN: Final = re.compile(r"[^@!=\s]+@[^@!=\s]+![^@!=\s]+=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAC: Final = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")
_FACTORY_IMAGE: Final = re.compile(r"/image/(?P<schematic>[0-9a-f]{64})/")
_ID_RANGE: Final = (100, 999_999_999)
# proxmox-csi names the volumes it makes after this VM id (its default), so a VM of that id would own them.
_RESERVED_ID: Final = 9999


class _ProxmoxResource(Resource):
    module: ClassVar[str] = "pulumi_proxmoxve"
    sealed: ClassVar[bool] = False

    def admit(self, call: Call, inputs: Properties) -> None:
        """The API is configured with a token; then what the type needs."""
        if not call.config.get("endpoint") or not call.config.get("apiToken"):
            raise RefusedError("no Proxmox VE endpoint and API token are configured")
        self.requirements(call, inputs)

    def requirements(self, call: Call, inputs: Properties) -> None:
        """Raise RefusedError when Proxmox VE would refuse these inputs."""


class FileLegacy(_ProxmoxResource):
    """An image that Proxmox VE downloads from a URL."""

    token = "proxmoxve:download/fileLegacy:FileLegacy"
    table: ClassVar[str] = FILES
    replace_on = frozenset({"contentType", "datastoreId", "nodeName", "url", "fileName", "checksum"})

    def check(self, call: Call, olds: Properties, news: Properties) -> Properties:
        """The SDK's types, then the provider's value checks."""
        inputs = super().check(call, olds, news)
        problems = []
        url, kind = inputs.get("url", UNKNOWN), inputs.get("contentType", UNKNOWN)
        if url is not UNKNOWN and not re.match(r"https?://.", str(url)):
            problems.append(schema.Problem("url", f"Attribute url must match regex `https?://.*`, got: {url}"))
        if kind is not UNKNOWN and kind not in ("iso", "vztmpl", "import"):
            problems.append(schema.Problem("contentType", f'value must be one of: ["iso" "vztmpl" "import"], got: {kind}'))
        if problems:
            raise CheckFailedError(problems)
        return inputs

    def requirements(self, call: Call, inputs: Properties) -> None:
        """The factory knows the schematic; a leftover file is an error unless it may be overwritten."""
        found = _FACTORY_IMAGE.search(inputs["url"])
        if found and call.site.world.get(SCHEMATICS, found["schematic"]) is None:
            raise RefusedError(f"could not get file metadata: {inputs['url']}: 404 Not Found: unknown schematic")
        name = str(inputs.get("fileName") or inputs["url"])
        if inputs["contentType"] == "import" and not name.endswith((".qcow2", ".raw", ".vmdk", ".ova")):
            raise RefusedError(f"400 Parameter verification failed: filename {name!r}: wrong file extension")

    def create(self, call: Call, inputs: Properties) -> Result:
        """Download the file; one of that name may be overwritten when the inputs say so."""
        identifier = self.identify(call, inputs)
        if inputs.get("overwriteUnmanaged"):
            call.site.world.delete(FILES, self.key_of(identifier, inputs))
        self.admit(call, inputs)
        if call.site.world.get(FILES, self.key_of(identifier, inputs)) is not None:
            raise RefusedError(
                f"refusing to override existing file '{identifier.rpartition('/')[2]}': file already exists in the "
                "datastore and was not created by this resource; set `overwrite_unmanaged = true` to overwrite it"
            )
        outputs = {**inputs, "id": identifier, "size": 0}
        record = {"token": self.token, "urn": call.urn, "inputs": inputs, "outputs": outputs}
        call.site.world.put(FILES, self.key_of(identifier, inputs), record)
        return Result(identifier, outputs)

    def identify(self, call: Call, inputs: Properties) -> str:
        """The volume id, `local:import/file.qcow2`."""
        name = inputs.get("fileName") or urlsplit(inputs["url"]).path.rpartition("/")[2]
        return f"{inputs['datastoreId']}:{inputs['contentType']}/{name}"

    @staticmethod
    def key_of(identifier: str, inputs: Mapping[str, Any]) -> str:
        """Files of one name can lie on every host."""
        return f"{inputs['nodeName']}|{identifier}"

    def read(self, call: Call, identifier: str, state: Properties, inputs: Properties) -> Result | None:
        """The file on its host, or None."""
        record = call.site.world.get(FILES, self.key_of(identifier, state))
        return Result(identifier, record["outputs"], record["inputs"]) if record else None

    def update(self, call: Call, identifier: str, olds: Properties, news: Properties) -> Result:
        """Options of the download changed; the file stays."""
        outputs = {**news, "id": identifier, "size": 0}
        record = {"token": self.token, "urn": call.urn, "inputs": news, "outputs": outputs}
        call.site.world.put(FILES, self.key_of(identifier, news), record)
        return Result(identifier, outputs)

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Delete the file on its host."""
        call.site.world.delete(FILES, self.key_of(identifier, state))


class VmLegacy(_ProxmoxResource):
    """A virtual machine."""

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

    def requirements(self, call: Call, inputs: Properties) -> None:
        """Images are there, and neither id, MAC nor address is another machine's."""
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
        return f"error creating VM: received an HTTP 500 response - Reason: unable to create VM {identifier} - VM {identifier} already exists"

    def outputs(self, call: Call, identifier: str, inputs: Properties) -> Properties:
        """Adds the id; the agent's addresses stay empty, as the program does not wait for it."""
        return {"ipv4Addresses": [], "ipv6Addresses": [], **inputs, "vmId": int(identifier)}

    def delete(self, call: Call, identifier: str, state: Properties) -> None:
        """Destroy the VM, unless it is protected."""
        record = call.site.world.get(VMS, identifier)
        if record and record["inputs"].get("protection"):
            raise RefusedError(f"error deleting VM: can't remove VM {identifier} - protection mode enabled")
        super().delete(call, identifier, state)


def _is_new(call: Call) -> bool:
    """Import happens at creation only; later the image may be gone."""
    return all(record["urn"] != call.urn for record in call.site.world.table(VMS).values())


def _vm_problems(inputs: Mapping[str, Any]) -> Iterator[schema.Problem]:
    number = inputs.get("vmId")
    if isinstance(number, int) and not _ID_RANGE[0] <= number <= _ID_RANGE[1]:
        yield schema.Problem("vmId", f"expected vm_id to be in the range ({_ID_RANGE[0]} - {_ID_RANGE[1]}), got {number}")
    if number == _RESERVED_ID:
        yield schema.Problem("vmId", f"{number} is the id the Proxmox CSI plugin names its volumes after")
    if inputs.get("bios") == "ovmf" and not inputs.get("efiDisk"):
        yield schema.Problem("efiDisk", "bios is ovmf and no EFI disk is configured")
    for index, device in enumerate(inputs.get("networkDevices") or []):
        mac = device.get("macAddress")
        if isinstance(mac, str) and not _MAC.fullmatch(mac):
            yield schema.Problem(f"networkDevices[{index}].macAddress", f"{mac!r} is not a MAC address")
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


class ProxmoxPackage(Package):
    """The package, with its configuration."""

    def check_config(self, config: Any) -> list[schema.Problem]:
        """The endpoint is a bare URL, the token `user@realm!tokenid=uuid`."""
        import pulumi_proxmoxve

        found = schema.unknown_keys(pulumi_proxmoxve.ProviderArgs, config)
        endpoint, token = config.get("endpoint"), config.get("apiToken")
        if isinstance(endpoint, str) and (not endpoint.startswith("https://") or urlsplit(endpoint).path.strip("/")):
            found.append(schema.Problem("endpoint", f"expected a bare https URL without /api2/json, got {endpoint!r}"))
        if isinstance(token, str) and not _TOKEN.fullmatch(token):
            found.append(
                schema.Problem("apiToken", "the API token must be of the form `USER@REALM!TOKENID=UUID`")
            )
        return found


def package() -> Package:
    """The package with its resource types."""
    kinds: tuple[Resource, ...] = (FileLegacy(), VmLegacy())
    return ProxmoxPackage("proxmoxve", "pulumi_proxmoxve", version("pulumi_proxmoxve"), {k.token: k for k in kinds})
