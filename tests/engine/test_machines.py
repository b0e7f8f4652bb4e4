"""Machines under change: nodes one at a time, disks of others, a cluster that is made again."""

from pathlib import Path
from typing import Any

import pytest

from lab.checkout import Stack
from lab.driver import Result
from lab.providers.kubernetes.cluster import CLUSTERS
from lab.providers.proxmox.machines import ATTACHED
from lab.providers.talos.machines import RENEWALS
from lab.providers.talos.nodes import NODES, RESTARTS
from tests.engine.platform import Outcome, copy_of, driver, edit, faults_of, new_stack, once_in_a_run, world_of
from tools.applied_releases import of_nodes

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).with_name("machines_program.py")
CONTROLS, WORKERS = ("control0", "control1", "control2"), ("worker0", "worker1")
TALOS = "v1.13.9"
DISKS = {f"{300 + number}/scsi1": {"volume": f"local-lvm:vm-9999-pvc-{number}"} for number in range(2)}


def several_nodes(sections: dict[str, Any]) -> None:
    for pool, names in ("controlPlane", CONTROLS), ("worker", WORKERS):
        first, network = (200, "10.2.1") if pool == "controlPlane" else (300, "10.2.2")
        talos = sections["talos"]
        (talos[pool] if pool == "controlPlane" else talos["workers"]["default"])["nodes"] = [
            {"name": name, "vmId": first + number, "address": f"{network}.{number + 1}", "host": "pve"}
            for number, name in enumerate(names)
        ]


@pytest.fixture(scope="session")
def machines(engine_directory: Path) -> Outcome:
    """The phase of the cluster, up, with three control planes and two workers."""

    def bring_about(stack: Stack) -> Result:
        edit(stack, several_nodes)
        return driver(stack).up()

    return once_in_a_run(engine_directory / "machines", bring_about, PROGRAM)


@pytest.fixture(scope="session")
def stopped(engine_directory: Path, machines: Outcome) -> Outcome:
    """The update to patch releases of Talos and Kubernetes, in which no worker comes back from its reboot."""

    def bring_about(stack: Stack) -> Result:
        with world_of(stack) as world:
            for name in WORKERS:
                faults_of(world).stage("Node", name, "never-ready")
        edit(stack, releases(version=TALOS, kubernetesVersion="1.36.4"))
        return driver(stack).up()

    return once_in_a_run(engine_directory / "stopped", bring_about, after=machines)


@pytest.fixture(scope="session")
def newer(engine_directory: Path, stopped: Outcome) -> Outcome:
    """The same again, once workers boot."""

    def bring_about(stack: Stack) -> Result:
        with world_of(stack) as world:
            faults_of(world).clear()
        return driver(stack).up()

    return once_in_a_run(engine_directory / "newer", bring_about, after=stopped)


@pytest.fixture(scope="session")
def rebooted(engine_directory: Path, newer: Outcome) -> Outcome:
    """The next one, to what is taken at boot alone, with more memory for workers that have volumes attached."""

    def bring_about(stack: Stack) -> Result:
        with world_of(stack) as world:
            for key, disk in DISKS.items():
                world.put(ATTACHED, key, disk)
        edit(stack, lambda sections: sections["talos"].pop("clusterRoles"))
        edit(stack, lambda sections: sections["talos"]["workers"]["default"].update(memory=24576))
        return driver(stack).up()

    return once_in_a_run(engine_directory / "rebooted", bring_about, after=newer)


def restarts(stack: Stack) -> list[dict[str, Any]]:
    with world_of(stack) as world:
        return list(world.table(RESTARTS).values())


def releases(**changed: str) -> Any:
    return lambda sections: sections["talos"].update(changed)


def test_a_first_configuration_waits_for_nobody(machines: Outcome) -> None:
    assert machines.result.ok, machines.result.error
    configured = {f"talos-{name}" for name in CONTROLS}
    needs = {
        one["urn"].rpartition("::")[2]: {urn.rpartition("::")[2] for urn in one.get("dependencies") or ()}
        for one in (machines.stack.state() or {})["deployment"]["resources"]
    }
    assert [needs[name] & configured for name in configured] == [set(), set(), set()], "none for another"
    assert restarts(machines.stack) == [], "nothing runs that could go down"


def test_an_upgrade_stops_at_a_node_that_does_not_come_back_and_says_where_it_stands(stopped: Outcome) -> None:
    assert not stopped.result.ok, "somebody must look at it"
    *through, lost = restarts(stopped.stack)
    assert {one["node"] for one in through} == set(CONTROLS), "control planes come first"
    (left,) = set(WORKERS) - {lost["node"]}
    text = "\n".join(stopped.result.messages())
    assert f"{lost['node']} did not come to its Talos (docs/upgrades.md)" in text, text
    assert f"{lost['node']} was given up by talosctl: timed out waiting" in text, text
    assert f"{left} is left as it is, because {lost['node']} did not come to its Talos" in text, text
    assert f"control2 runs {TALOS}" in text, text
    assert f"{left} runs v1.13.7" in text, "where it stands"
    left_behind = dict.fromkeys(CONTROLS, (TALOS, "1.36.4")) | dict.fromkeys(WORKERS, ("v1.13.7", "1.36.3"))
    known = {name: (one["talos"], one["kubernetes"]) for name, one in of_nodes(stopped.stack.state() or {})}
    assert known == left_behind, "and so does the state, for the plan of the rest"


def test_releases_of_talos_and_kubernetes_roll_node_by_node_and_go_on_where_they_stopped(newer: Outcome) -> None:
    assert newer.result.ok, newer.result.error
    went_down = restarts(newer.stack)
    ways = {name: [one["why"] for one in went_down if one["node"] == name] for name in (*CONTROLS, *WORKERS)}
    assert [ways[name] for name in WORKERS] == [["upgrade"]] * 2, "once each, also the one that was lost"
    assert [ways[name] for name in CONTROLS] == [["upgrade", "restart"]] * 3, (
        "a new Talos takes the old configuration, and not the other way round; then each API server starts again"
    )
    assert all(one["beside"] == [] for one in went_down), "etcd keeps its quorum, and half of the workers stay"
    assert all(one["drained"] for one in went_down if one["why"] == "upgrade"), "its pods had gone before"
    with world_of(newer.stack) as world:
        now = [(one["image"]["release"], one["cordoned"]) for one in world.table(NODES).values()]
    assert now == [(TALOS, False)] * 5, "all are of the new release, and take pods again"


@pytest.mark.failure("nodes-restart-together")
def test_what_needs_a_reboot_reboots_one_node_at_a_time(newer: Outcome, rebooted: Outcome) -> None:
    assert rebooted.result.ok, rebooted.result.error
    went_down = restarts(rebooted.stack)[len(restarts(newer.stack)) :]
    assert sorted(one["node"] for one in went_down) == list(CONTROLS), "machine.files is taken at boot alone"
    assert {one["why"] for one in went_down} == {"reboot"}, "the lab's nodes know what Talos takes while running"
    assert all(one["beside"] == [] for one in went_down), "two of three would take etcd with them"


@pytest.mark.failure("disks-detached")
def test_disks_of_the_csi_plugin_stay_attached(rebooted: Outcome, tmp_path: Path) -> None:
    said = "\n".join(rebooted.result.messages("warning"))
    for number, name in enumerate(WORKERS):
        command = f"{name} waits for a start with its new memory: on pve, qm reboot {300 + number}, one node at a time"
        assert command in said, f"{name}: Proxmox alone would know"
    stack = copy_of(rebooted.stack, tmp_path / "copy")
    others = driver(stack).refresh(), driver(stack).up()
    assert all(result.ok for result in others), "nothing in the way"
    assert others[-1].changed == 0, "`speed` alone is no change"
    assert not any(result.messages("warning") for result in others), "said once, and of no other node"
    with world_of(stack) as world:
        assert world.table(ATTACHED) == DISKS, "the volumes of running workers"
        assert {one["inputs"]["memory"]["dedicated"] for one in world.table("proxmox/vms").values()} == {4096, 24576}


def test_a_node_that_does_not_come_back_stops_the_sequence_and_says_so(machines: Outcome, tmp_path: Path) -> None:
    stack = copy_of(machines.stack, tmp_path / "copy")
    with world_of(stack) as world:
        for name in CONTROLS:
            faults_of(world).stage("Node", name, "never-ready")
    edit(stack, releases(kubernetesVersion="1.36.4"))
    result = driver(stack).up()
    assert not result.ok, "somebody must look at it"
    (first,) = restarts(stack)
    text = "\n".join(result.messages())
    assert f"{first['node']} is not well (docs/runbooks/nodes.md)" in text, text
    for name in (*CONTROLS, *WORKERS):
        kept = f"{name} is left as it is, because {first['node']} did not come back from its change"
        assert name == first["node"] or name in WORKERS or kept in text, f"{name}: {text}"
    second = driver(stack).up()
    assert not second.ok, "the second one down would take etcd with it"
    assert restarts(stack) == [first], "so none went"
    text = "\n".join(second.messages())
    others = [name for name in CONTROLS if name != first["node"]]
    # Either it was their turn first, or that of the one that is down, whose change failed.
    assert all(f"{name} is left as it is, because " in text for name in others), text
    with world_of(stack) as world:
        faults_of(world).clear()
    again = driver(stack).up()
    assert again.ok, again.error
    assert all(one["beside"] == [] for one in restarts(stack)), "the rest follows, one by one"
    assert sorted(one["node"] for one in restarts(stack)) == list(CONTROLS), "each once"


def test_a_renewed_kubeconfig_changes_in_a_preview_what_it_changes_in_the_update(
    newer: Outcome, tmp_path: Path
) -> None:
    stack = copy_of(newer.stack, tmp_path / "copy")
    with world_of(stack) as world:
        world.put(RENEWALS, "kubeconfig", {"term": "second"})
    preview, update = driver(stack).preview(), driver(stack).up()
    assert preview.ok, preview.error
    assert update.ok, update.error
    assert preview.changes == {"update": 2, "same": sum(newer.result.changes.values()) - 2}, (
        "nobody learns to look away"
    )
    assert changed(preview) == ["kubernetes-api", "talos-kubeconfig"], "the provider keeps what it has"
    assert preview.messages("warning") == [], "nothing about inputs that are not known"
    assert changed(update) == ["kubernetes", "kubernetes-api", "talos-kubeconfig"], "and gets the new one"
    again = driver(stack).up()
    assert (again.ok, again.changed) == (True, 0), "until it ends soon again"


def changed(result: Result) -> list[str]:
    done = [one for one in result.events if one["event"] == "start" and one["op"] not in ("same", "read")]
    return sorted(one["urn"].rpartition("::")[2] for one in done)


def test_a_bootstrap_that_was_cut_off_says_what_to_run(tmp_path: Path) -> None:
    stack = new_stack(tmp_path / "stack", PROGRAM)
    with world_of(stack) as world:
        world.put(CLUSTERS, "https://10.2.3.1:6443", {"version": "1.36.3", "answers": False, "network": False})
    result = driver(stack).up()
    assert not result.ok, "Talos starts etcd once"
    (said,) = [text for text in result.messages() if "pulumi import" in text]
    assert "--stack engine " in said, "as it must be typed"
    assert said.strip().endswith("talos:machine/bootstrap:Bootstrap talos-bootstrap machine_bootstrap"), said
    assert "talos/cluster:TalosCluster::talos' " in said, "below its component, or the program would not find it"
    assert "pulumi:providers:talos::talos' " in said, "with the provider of the program"


def test_a_destroyed_cluster_comes_up_again(machines: Outcome, tmp_path: Path) -> None:
    stack = copy_of(machines.stack, tmp_path / "copy")
    gone, again = driver(stack).destroy(), driver(stack).up()
    assert gone.ok, gone.error
    assert again.ok, again.error
    assert set(again.changes) == {"create"}, "the disks went with the machines, so etcd starts from nothing"
