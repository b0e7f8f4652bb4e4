"""`make upgrade-plan`: each node from what was applied to what is wanted, what gates its turn, what goes along."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.talos.schematic import systems
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tools import upgrade_plan
from tools.applied_releases import Before
from tools.operate import OperateError
from tools.upgrade_plan import document, steps, text, wanted

STACK = "test-cluster"
OLD = {"talos": "v1.13.7", "kubernetes": "1.36.3"}
CONTROLS, WORKERS = ([f"{role}{number}" for number in range(3)] for role in ("controlplane", "worker"))


def plan(to: str, **of_nodes: dict[str, str]) -> dict[str, Any]:
    """The plan of the shipped stack file, whose nodes have its releases unless told."""
    nodes = {name: of_nodes.get(name, OLD) for name in (*CONTROLS, *WORKERS)}
    record = {"talos.version": OLD["talos"], "talos.kubernetesVersion": OLD["kubernetes"]}
    before = Before(source="a test", nodes=nodes, record=record)
    return document(STACK, before, wanted(load_stack_file(SHIPPED), to))


def test_control_planes_come_first_and_each_node_says_what_moves() -> None:
    found = plan("talos=v1.13.9 kubernetes=1.36.4")
    assert [one["node"] for one in found["steps"]] == [*CONTROLS, *WORKERS], "the order of the roll-out"
    assert {(one["talos"], one["kubernetes"]) for one in found["steps"]} == {
        (("v1.13.7", "v1.13.9"), ("1.36.3", "1.36.4"))
    }, "from and to"
    assert all(one["drained"] for one in found["steps"]), "there are others for its pods"
    assert [one["minutes"] for one in found["steps"]] == [12, 12, 12, 10, 10, 10], "a control plane restarts its API"
    assert found["minutes"] == 66, "one after the other"
    assert any("talosctl" in one and "v1.13.7" in one for one in found["goesAlong"]), "of the Talos that runs"
    shown = text(found)
    assert "| 1 | controlplane0 | v1.13.7 → v1.13.9 | 1.36.3 → 1.36.4 | yes | 12 min |" in shown, "a row for each"
    assert "an estimate" in shown, "nobody measured it"


def test_a_node_alone_is_not_drained() -> None:
    settings = wanted(load_stack_file(SHIPPED), "talos=v1.13.9")
    assert settings.talos is not None, "it describes nodes"
    pool = settings.talos.control_plane
    alone = pool.model_copy(update={"nodes": pool.nodes[:1], "schedulable": True})
    talos = settings.talos.model_copy(update={"control_plane": alone, "workers": {}})
    (step,) = steps(Before(source="a test", nodes={CONTROLS[0]: OLD}, record={}), talos)
    assert not step.drained, "as the roll-out does it: its pods have nowhere to go"


def test_kubernetes_alone_drains_nobody_and_asks_no_talosctl() -> None:
    found = plan("kubernetes=1.36.4")
    assert not any(one["drained"] or one["talos"] for one in found["steps"]), "no node goes down for it"
    assert not any("talosctl" in one for one in found["goesAlong"]), "the configuration carries it"


def test_what_an_update_left_behind_is_what_is_left_to_do() -> None:
    done = {"talos": "v1.13.9", "kubernetes": "1.36.3"}
    found = plan("talos=v1.13.9", **dict.fromkeys([*CONTROLS, "worker0"], done))
    assert [one["node"] for one in found["steps"]] == ["worker1", "worker2"], "the others have it"
    assert plan("")["steps"] == [], "a stack file that was applied plans nothing"
    assert "no node changes its release" in text(plan("")), "and says so"


def test_another_schematic_of_the_same_release_is_an_upgrade_too() -> None:
    ((step),) = plan("", worker1={**OLD, "schematic": "0" * 64})["steps"]
    assert step["node"] == "worker1", "the others have it"
    assert step["talos"][0] == "v1.13.7 of 000000000000", "from"
    assert step["talos"][1].startswith("v1.13.7 of "), "to"
    assert step["drained"], "it reboots"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("talos=v1.15.0", "talos.version: v1.15.0 skips a minor release after v1.13.7"),
        ("kubernetes=1.38.0", "talos.kubernetesVersion: 1.38.0 skips a minor release after 1.36.3"),
        ("kubernetes=1.37.0", "1.37.0 does not run on talos.version v1.13.7, which takes 1.31 to 1.36"),
        ("kubernetes=1.36.1", "talos.kubernetesVersion: 1.36.1 is older than 1.36.3"),
    ],
)
def test_what_make_up_would_refuse_is_no_plan(to: str, said: str) -> None:
    found = plan(to)
    assert any(said in one for one in found["problems"]), found["problems"]
    assert said in text(found), "in place of the steps"
    assert "| node |" not in text(found), "which nobody could carry out"


@pytest.mark.parametrize("to", ["cilium=1.2.3", "talos", "talos=latest"])
def test_a_wish_that_is_none_is_refused_by_name(to: str) -> None:
    with pytest.raises(OperateError, match=f"TO: {to} is neither talos=<release> nor kubernetes=<release>"):
        wanted(load_stack_file(SHIPPED), to)


def test_a_cluster_that_was_there_before_is_not_ours_to_upgrade() -> None:
    existing = load_stack_file(FIXTURES / "valid" / "existing-cluster.yaml")
    with pytest.raises(OperateError, match="its owner upgrades it"):
        document(STACK, Before(source="", nodes={}, record={}), existing)


def test_a_pull_request_is_compared_with_the_revision_that_it_starts_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(shutil.copy(SHIPPED, tmp_path))
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in ("init", "-q"), ("add", "."), (*who, "commit", "-qm", "before"):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: S607 - the git of who runs tests
    file.write_text(file.read_text("utf-8").replace("version: v1.13.7", "version: v1.13.9"), encoding="utf-8")
    assert upgrade_plan.main(["--stack", STACK, "--from", "HEAD", "--json"], tmp_path) == 0, "it can be carried out"
    found = json.loads(capsys.readouterr().out)
    assert found["source"] == f"{file.name} of HEAD", "no state is needed"
    assert [one["talos"] for one in found["steps"]] == [["v1.13.7", "v1.13.9"]] * 6, "every node"


def test_the_state_says_what_was_applied_to_each_node(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    urn = "urn:pulumi:test-cluster::home-cluster::home-cluster:talos/node:TalosNode::talos-"
    settings = load_stack_file(SHIPPED).talos
    assert settings is not None, "it describes nodes"
    installer = systems(settings)["workers.default"].installer(settings.factory, "v1.13.6")
    outputs = {"installer": installer, "kubernetesVersion": "1.36.3"}
    node = {"type": "home-cluster:talos/node:TalosNode", "outputs": outputs}
    state = {"deployment": {"resources": [{**node, "urn": urn + name} for name in WORKERS]}}
    monkeypatch.setattr(upgrade_plan, "cli", lambda root: root)
    monkeypatch.setattr(upgrade_plan, "exported", lambda *_: state)
    shutil.copy(SHIPPED, tmp_path)
    assert upgrade_plan.main(["--stack", STACK], tmp_path) == 0, "it can be carried out"
    shown = capsys.readouterr().out
    assert "compared with the state, node by node" in shown, "which says what was applied"
    assert "| 1 | worker0 | v1.13.6 → v1.13.7 | stays | yes | 8 min |" in shown, "of each node"
    assert "controlplane0" not in shown, "a node that is made anew comes from the image"
