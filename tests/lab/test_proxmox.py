"""The simulated Proxmox VE: images before machines, and nothing used twice."""

import re
from typing import Any

import pytest

from lab.providers.base import CheckFailedError
from lab.providers.proxmox.machines import ATTACHED
from tests.lab.bench import Bench, refuses
from tests.lab.machines import FILE, IMAGE, NODE, VM, machine, with_host


@pytest.fixture
def proxmox(bench: Bench) -> Bench:
    """A host with the image."""
    with_host(bench)
    return bench


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"endpoint": "https://pve.example/api2/json"}, "expected a bare https URL"),
        ({"endpoint": "pve.example"}, "expected a bare https URL"),
        ({"apiToken": "root@pam=00000000-0000-4000-8000-000000000000"}, "USER@REALM!TOKENID=UUID"),
        ({"apiToken": "root@pam!lab=secret"}, "USER@REALM!TOKENID=UUID"),
        ({"api_token": "x"}, "Invalid or unknown key 'api_token'"),
    ],
)
def test_a_wrong_provider_configuration_is_refused(bench: Bench, config: dict[str, str], reason: str) -> None:
    assert reason in "; ".join(bench.problems("proxmoxve", config)), "the provider says which form it wants"


def test_a_right_provider_configuration_is_taken(bench: Bench) -> None:
    token = "pulumi@pve!lab=00000000-0000-4000-8000-000000000000"
    config = {"endpoint": "https://pve.example:8006/", "apiToken": token, "insecure": "false"}
    assert bench.problems("proxmoxve", config) == [], "as the documentation writes it"


def test_a_vm_boots_from_an_image_that_is_there(proxmox: Bench) -> None:
    disk = {"interface": "scsi0", "importFrom": "local:import/other.qcow2"}
    with refuses("volume 'local:import/other.qcow2' does not exist on node pve"):
        proxmox.create(VM, machine(disks=[disk]))
    assert proxmox.create(VM, machine()).identifier == "201", "the id is the VM id"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cdrom": {}}, "Permission check failed (/, Sys.Console)"),
        ({"cdrom": {"fileId": "none", "interface": "ide3"}, "machine": "q35"}, "q35 has only ide0 and ide2"),
        ({"hostpcis": [{"device": "hostpci0", "id": "01:00"}]}, "only root can set 'hostpci0' config"),
    ],
)
def test_a_drive_is_refused_that_the_role_or_the_machine_does_not_have(
    proxmox: Bench, change: dict[str, Any], reason: str
) -> None:
    with refuses(re.escape(reason)):
        proxmox.create(VM, machine(**change))


@pytest.mark.failure("foreign-volumes-deleted")
def test_a_change_detaches_disks_of_others_unless_disks_are_ignored_as_a_whole(proxmox: Bench) -> None:
    inputs = proxmox.check(VM, machine())
    proxmox.create(VM, inputs)
    assert proxmox.diff(VM, inputs, inputs).changes == ("disks",), "`speed` is read back as zeros, at every preview"
    proxmox.world.put(ATTACHED, "201/scsi1", {"volume": "local-lvm:vm-9999-pvc-1"})
    larger = {**inputs, "memory": {"dedicated": 4096}}
    proxmox.update(VM, "201", inputs, larger, ignored=frozenset({"disks"}))
    assert proxmox.world.keys(ATTACHED) == ["201/scsi1"], "the provider is not asked about disks"
    proxmox.update(VM, "201", inputs, larger, ignored=frozenset({"disks[*].speed"}))
    assert proxmox.world.keys(ATTACHED) == [], "a wildcard ignores nothing"


def test_ids_macs_and_addresses_are_used_once(proxmox: Bench) -> None:
    proxmox.create(VM, machine(), "one")
    with refuses("VM 201 already exists"):
        changed = machine(address="192.0.2.12", networkDevices=[])
        proxmox.create(VM, changed, "two")
    with refuses(f"VM 201 already uses {NODE}"):
        proxmox.create(VM, machine(202), "two")
    with refuses("VM 201 already uses BC:24:11:00:00:01"):
        proxmox.create(VM, machine(301, "192.0.2.12"), "two")
    assert proxmox.create(VM, machine(202, "192.0.2.12"), "two").identifier == "202", "nothing in common"


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (machine(99), "expected vm_id to be in the range"),
        (machine(9999), "Proxmox CSI plugin"),
        (machine(bios="ovmf"), "no EFI disk is configured"),
        (machine(networkDevices=[{"macAddress": "not-a-mac"}]), "is not a MAC address"),
        (machine(disks=[{"interface": "scsi0"}, {"interface": "scsi0"}]), "duplicate disk interface"),
        (machine(disks=[{"interface": "virtio0", "serial": "a" * 21}]), "may only be 20 characters long"),
        (machine(disks=[{"interface": "scsi0", "import_from": "x"}]), "did you mean 'importFrom'"),
        (machine(cpu={"cores": "four"}), "int required, got str"),
        ({"vmId": 201}, "The argument 'nodeName' is required"),
    ],
)
def test_a_malformed_vm_is_refused(bench: Bench, inputs: dict[str, Any], reason: str) -> None:
    with refuses(reason, CheckFailedError):
        bench.check(VM, inputs)


def test_a_file_that_somebody_else_put_there_is_not_overwritten_unasked(proxmox: Bench) -> None:
    with refuses("refusing to override existing file"):
        proxmox.create(FILE, IMAGE, "second")
    proxmox.create(FILE, {**IMAGE, "overwriteUnmanaged": True}, "third")
    with refuses("Attribute url must match regex", CheckFailedError):
        proxmox.check(FILE, {**IMAGE, "url": "ftp://images.example/x"})


def test_an_image_of_an_unknown_schematic_is_not_served(proxmox: Bench) -> None:
    url = f"https://factory.talos.dev/image/{'0' * 64}/v1.13.0/nocloud-amd64.qcow2"
    with refuses("404 Not Found: unknown schematic"):
        proxmox.create(FILE, {**IMAGE, "url": url}, "image")
    schematic = proxmox.create("talos:imageFactory/schematic:Schematic", {"schematic": "customization: {}\n"})
    url = url.replace("0" * 64, schematic.identifier)
    assert proxmox.create(FILE, {**IMAGE, "url": url}, "image").identifier, "the factory has seen this one"
    assert schematic.identifier.startswith("376567988ad3"), "the known id of the empty customization"
    own = url.replace("factory.talos.dev", "factory.example.com")
    with refuses("404 Not Found: unknown schematic"):
        proxmox.create(FILE, {**IMAGE, "url": own})
    proxmox.configure("talos", imageFactoryUrl="https://factory.example.com")
    proxmox.create("talos:imageFactory/schematic:Schematic", {"schematic": "customization: {}\n"})
    proxmox.create(FILE, {**IMAGE, "url": own, "overwriteUnmanaged": True})
