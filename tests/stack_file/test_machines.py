"""Changes of the stack file that machines would not survive, or not notice, are refused against the state."""

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

import pytest

from settings import changes
from settings.model import Settings
from settings.pools import DataDisk
from stack_file.load import load_stack_file
from stack_file.machines import VM, refused
from tests.stack_file import stacks
from tests.stack_file.stacks import SHIPPED
from tests.support.pools import pool_of, talos_of, with_pool

SETTINGS = load_stack_file(SHIPPED)
CONTROLS, WORKERS = "controlPlane", "workers.default"
RECORD = {one.key: one.value for one in changes.declared(SETTINGS)}


def applied(**outputs: Any) -> dict[str, Any]:
    """The state after an update with the shipped stack file; `outputs` of every machine."""
    resources = [
        {
            "type": VM,
            "inputs": {
                "name": node.name,
                "nodeName": node.host,
                "vmId": node.vm_id,
                "tags": ["kubernetes", "controlplane" if key == CONTROLS else "worker", "talos"],
                "disks": [{"interface": "scsi0", "size": pool.disk}],
                "initialization": {"ipConfigs": [{"ipv4": {"address": f"{node.address}/16"}}]},
            },
            "outputs": outputs,
        }
        for key, pool in talos_of(SETTINGS).pools.items()
        for node in pool.nodes
    ]
    record = {"type": "pulumi:index:Stash", "inputs": {"input": RECORD}, "parent": stacks.RECORD}
    return {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, record, *resources]}}


def changed(key: str, **update: Any) -> Settings:
    return with_pool(SETTINGS, key, **update)


def without(key: str, count: int) -> Settings:
    return changed(key, nodes=pool_of(SETTINGS, key).nodes[count:])


def moved(**update: Any) -> Settings:
    first, *others = pool_of(SETTINGS, WORKERS).nodes
    return changed(WORKERS, nodes=(first.model_copy(update=update), *others))


def told(settings: Settings) -> list[str]:
    """All that `make up` says of a change, by the record and by the machines in the state."""
    return [*changes.refused(RECORD, changes.declared(settings)), *refused(applied(), settings)]


@pytest.mark.parametrize("state", [{}, {"deployment": None}, applied()])
def test_what_was_applied_is_no_change(state: Mapping[str, Any]) -> None:
    assert list(refused(state, SETTINGS)) == [], "a second update, or the first"


def test_a_larger_disk_is_grown_before_it_stands_in_the_stack_file() -> None:
    size = pool_of(SETTINGS, WORKERS).disk
    larger = changed(WORKERS, disk=size + 20)
    (line,) = refused(applied(), larger)
    assert line == (
        f"talos.{WORKERS}.disk: {size + 20} GB, but worker0, worker1, worker2 have {size} GB; grow them first, then "
        "make refresh (docs/runbooks/nodes.md, Grow the disks)"
    ), "the update would do nothing, and say nothing"
    grown = [{"interface": "scsi0", "size": size + 20}, {"interface": "scsi1", "size": 5}]
    state = applied(disks=grown)
    assert not [one for one in refused(state, larger) if "worker" in one], "a refresh read what Proxmox has now"


def test_a_data_disk_is_attached_by_hand_to_a_machine_that_runs() -> None:
    more = changed(WORKERS, data_disks={"scratch": DataDisk(size=50)})
    (line,) = refused(applied(), more)
    assert line == (
        f"talos.{WORKERS}.dataDisks.scratch.size: 50 GB, but worker0, worker1, worker2 have none; attach one to each "
        "first, then make refresh (docs/runbooks/nodes.md, Add a data disk)"
    ), "Talos would wait for a disk that never comes"
    system = {"interface": "scsi0", "size": 1000}
    small, there = ({"interface": "virtio3", "serial": "scratch", "size": size} for size in (20, 50))
    assert not [one for one in refused(applied(disks=[system, there]), more) if "worker" in one], "it is there"
    (line,) = (one for one in refused(applied(disks=[system, small]), more) if "worker" in one)
    assert "have 20 GB; grow them first" in line, "as the disk of the system"


@pytest.mark.parametrize(
    ("update", "refuses"),
    [({}, False), ({"cores": 2}, False), ({"encryption": "nodeID"}, True), ({"taints": ("gpu:NoSchedule",)}, True)],
)
def test_a_node_moves_to_a_pool_only_where_it_already_is_what_that_one_is(update: Any, refuses: bool) -> None:
    talos = talos_of(SETTINGS)
    renamed = {"other": talos.workers["default"].model_copy(update=update)}
    moved = SETTINGS.model_copy(update={"talos": talos.model_copy(update={"workers": renamed})})
    lines = list(refused(applied(), moved))
    assert [line.partition(":")[0] for line in lines] == (
        [f"talos.workers.other.nodes[worker{number}]" for number in range(3)] if refuses else []
    ), lines


@pytest.mark.parametrize(("key", "value"), [("host", "zeus"), ("vm_id", 4711), ("address", IPv4Address("10.2.9.9"))])
def test_a_running_node_keeps_what_it_is_known_by(key: str, value: object) -> None:
    (line,) = told(moved(**{key: value}))
    wire = key.replace("vm_id", "vmId")
    before = getattr(pool_of(SETTINGS, WORKERS).nodes[0], key)
    said = f"talos.{WORKERS}.nodes[worker0].{wire}: {value} is not {before}, with which it was applied"
    assert line.startswith(said), line
    assert "add a node under another name and remove this one (docs/runbooks/nodes.md)" in line, "the way round"


def test_a_disk_never_shrinks() -> None:
    (line,) = told(changed(CONTROLS, disk=pool_of(SETTINGS, CONTROLS).disk - 1))
    assert line.startswith("talos.controlPlane.disk: 39 is less than 40, which was applied already"), (
        "it would be ignored"
    )


@pytest.mark.parametrize(("key", "said"), [(CONTROLS, "controlPlane.nodes"), (WORKERS, "workers")])
def test_nodes_leave_one_at_a_time(key: str, said: str) -> None:
    assert list(refused(applied(), without(key, 1))) == [], "one may go"
    (line,) = refused(applied(), without(key, 2))
    names = ", ".join(node.name for node in pool_of(SETTINGS, key).nodes[:2])
    assert line == f"talos.{said}: {names} would go at once; remove one at a time (docs/runbooks/nodes.md)", line


def test_an_existing_cluster_has_no_machines_to_lose() -> None:
    assert list(refused(applied(), SETTINGS.model_copy(update={"talos": None}))) == [], "the settings refuse that"
