"""Image and machines on Proxmox."""

from collections.abc import Callable

import pulumi
import pulumiverse_talos as talos
import pytest

from components.proxmox.image import TalosImage, TalosImageArgs
from components.proxmox.provider import proxmox_provider
from components.proxmox.virtual_machine import VirtualMachine, VirtualMachineArgs
from components.talos.config import NodeRole
from components.talos.schematic import Schematic
from lib.addresses import mac_address
from settings.model import Settings
from settings.pools import DataDisk, Node
from stack_file.load import load_stack_file
from tests.support.engine import Recorded, Recording, Run, record
from tests.support.pools import pool_of, talos_of, with_pool
from tests.support.program import STACK_FILE

VM = "proxmoxve:index/vmLegacy:VmLegacy"
FILE = "proxmoxve:download/fileLegacy:FileLegacy"
TOKEN = "home-cluster@pve!deploy=0b1c7f0e-1111-4222-8333-944455556666"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The stack file, with a second Proxmox host."""
    loaded = load_stack_file(STACK_FILE)
    first, *others = pool_of(loaded, "workers.default").nodes
    return with_pool(loaded, "workers.default", nodes=(first.model_copy(update={"host": "zeus"}), *others))


def build(settings: Settings) -> Callable[[], None]:
    assert settings.proxmox is not None, "the stack file describes their hosts"
    nodes, proxmox = talos_of(settings), settings.proxmox

    def program() -> None:
        providers = [proxmox_provider("proxmox", proxmox, TOKEN), talos.Provider("talos")]
        opts = pulumi.ResourceOptions(providers=providers)
        image = TalosImage("image", TalosImageArgs(talos=nodes, datastore="images"), opts)
        for key, pool in nodes.pools.items():
            for node in pool.nodes:
                args = VirtualMachineArgs(
                    node=node,
                    pool=pool,
                    role=NodeRole.CONTROL_PLANE if key == "controlPlane" else NodeRole.WORKER,
                    network=settings.network.of_nodes,
                    datastore="disks",
                    image=image.files[key, node.host],
                )
                VirtualMachine(node.name, args, opts)

    return program


@pytest.fixture(scope="module")
def recording(settings: Settings) -> Recording:
    return record(build(settings))


@pytest.fixture(scope="module")
def machines(settings: Settings, recording: Recording) -> list[tuple[Node, Recorded]]:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    return [(node, recording.one(VM, node.name)) for node in settings.talos.nodes]


def test_the_endpoint_is_bare(recording: Recording) -> None:
    provider = recording.one("pulumi:providers:proxmoxve")
    assert not str(provider.get("endpoint")).endswith("/api2/json"), "the provider adds the path itself"


def test_every_host_that_runs_a_node_gets_the_image_once(recording: Recording) -> None:
    hosts = sorted(one.get("nodeName") for one in recording.of_type(FILE))
    assert hosts == ["atlas", "zeus"], "storage of one host cannot be imported from on another"


def test_a_pool_with_extensions_or_a_tpm_runs_an_image_of_its_own(settings: Settings) -> None:
    plain = record(build(settings))
    drivers = with_pool(settings, "workers.default", extensions=("siderolabs/nonfree-kmod-nvidia-production",))
    sealed = with_pool(settings, "workers.default", encryption="tpm")
    for changed, suffix in (drivers, ".qcow2"), (sealed, "-secureboot.qcow2"):
        recording = record(build(changed))
        assert {one.name for one in plain.of_type(FILE)} - {"image-zeus"} <= {
            one.name for one in recording.of_type(FILE)
        }
        for node in talos_of(changed).nodes:
            (file,) = (one for one in recording.of_type(FILE) if one.urn in recording.one(VM, node.name).dependencies)
            common = node in talos_of(changed).control_plane.nodes
            assert (file.name == f"image-{node.host}") == common, f"{node.name}: {file.name}"
            assert common or file.get("url").endswith(suffix), f"{node.name}: {file.get('url')}"
    assert len(record(build(sealed)).of_type("talos:imageFactory/schematic:Schematic")) == 1, "signed, but the same"


def test_a_pool_gives_its_machines_disks_devices_and_a_tpm(settings: Settings, recording: Recording) -> None:
    data = {"models": DataDisk(size=200, datastore="fast"), "scratch": DataDisk(size=50)}
    changed = with_pool(settings, "workers.default", data_disks=data, pci_devices=("gpu", "coral"), encryption="tpm")
    machine = record(build(changed)).one(VM, "worker0")
    system, *disks = machine.get("disks")
    assert system["interface"] == "scsi0", "Talos stays where it was"
    found = [(one["interface"], one["datastoreId"], one["size"], one["serial"]) for one in disks]
    assert found == [("virtio0", "fast", 200, "models"), ("virtio1", "disks", 50, "scratch")], (
        "the CSI plugin attaches volumes as scsi1 to scsi29, and would find the place taken"
    )
    devices = [(one["device"], one["mapping"], one["pcie"]) for one in machine.get("hostpcis")]
    assert devices == [("hostpci0", "gpu", True), ("hostpci1", "coral", True)], "an id takes the password of root"
    assert machine.get("tpmState") == {"datastoreId": "disks", "version": "v2.0"}, "it holds the keys"
    plain = recording.one(VM, "worker0")
    assert plain.get("hostpcis") is None, "else every machine would change"
    assert plain.get("tpmState") is None, "else every machine would change"


def test_the_image_is_downloaded_only_once_the_factory_knows_the_schematic(recording: Recording) -> None:
    schematic = recording.one("talos:imageFactory/schematic:Schematic")
    for file in recording.of_type(FILE):
        assert recording.is_after(file, schematic), "the factory serves an id only after it has seen the document"
        assert Schematic.of("siderolabs/qemu-guest-agent").id in file.get("url"), "it is the image of that schematic"


def test_a_preview_already_names_the_file(settings: Settings) -> None:
    file = record(build(settings), Run(preview=True)).one(FILE, "image-atlas")
    assert isinstance(file.get("fileName"), str), "a preview that knows no name cannot show what it will replace"


def test_each_machine_boots_from_the_image_of_its_own_host(
    machines: list[tuple[Node, Recorded]], recording: Recording
) -> None:
    for node, machine in machines:
        assert machine.get("nodeName") == node.host, f"{node.name}: it runs where the stack file says"
        assert recording.one(FILE, f"image-{node.host}").urn in machine.dependencies, f"{node.name}: its host's image"
        assert machine.get("bootOrders") == [machine.get("disks", 0, "interface")], f"{node.name}: it boots its disk"


def test_each_machine_starts_with_its_own_address(machines: list[tuple[Node, Recorded]], settings: Settings) -> None:
    for node, machine in machines:
        address = machine.get("initialization", "ipConfigs", 0, "ipv4", "address")
        assert address == f"{node.address}/{settings.network.of_nodes.nodes.prefixlen}", (
            f"{node.name}: without an address Talos cannot be given its configuration"
        )
        assert machine.get("networkDevices", 0, "macAddress") == mac_address(node.vm_id), (
            f"{node.name}: Talos finds the card, and the address meant for it, by its MAC"
        )


def test_nothing_but_addresses_is_on_the_cloud_init_drive(machines: list[tuple[Node, Recorded]]) -> None:
    for node, machine in machines:
        assert set(machine.get("initialization")) == {"datastoreId", "interface", "dns", "ipConfigs"}, (
            f"{node.name}: whoever reads the host's storage reads this drive"
        )


def test_tags_are_sorted_as_proxmox_sorts_them(machines: list[tuple[Node, Recorded]]) -> None:
    for node, machine in machines:
        assert machine.get("tags") == sorted(machine.get("tags")), f"{node.name}: a difference at every preview"


def test_after_a_power_cut_control_planes_start_first(machines: list[tuple[Node, Recorded]]) -> None:
    orders = {role: set[int]() for role in NodeRole}
    for _, machine in machines:
        role = next(role for role in NodeRole if role.value in machine.get("tags"))
        orders[role].add(machine.get("startup", "order"))
    assert max(orders[NodeRole.CONTROL_PLANE]) < min(orders[NodeRole.WORKER]), "workers need an API to join"
