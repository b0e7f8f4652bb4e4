"""Running nodes change one at a time: whose turn it is, what is asked before and after, and what ends the sequence."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from pulumiverse_talos import machine

from components.talos import rollout as module
from components.talos import upgrade
from components.talos.rollout import Rollout, RolloutArgs, RolloutError
from stack_file.load import load_stack_file
from tests.support.program import STACK_FILE


class Staged(Rollout):
    """A rollout whose providers answer what the test says."""

    def __init__(self) -> None:
        settings = load_stack_file(STACK_FILE)
        assert settings.talos is not None, "the stack file describes Talos nodes"
        self.talos, self.vip = settings.talos, settings.network.of_nodes.cluster_endpoint.url
        client = SimpleNamespace(apply=lambda choose: "client")
        secrets = cast(machine.Secrets, SimpleNamespace(client_configuration=client))
        args = RolloutArgs(network=settings.network.of_nodes, talos=settings.talos, secrets=secrets)
        super().__init__("talos", args, object.__new__(pulumi.ComponentResource))
        self.asked: list[Mapping[str, str]] = []
        self.ill: set[str] = set()

    async def _access(self, node: str, seconds: str) -> dict[str, str]:
        return {"CLIENT_KEY": "key"}

    async def _invoke(self, token: str, arguments: Mapping[str, Any]) -> Any:
        environment = arguments["environment"]
        self.asked.append(environment)
        if self.ill & set(environment.get("NODES", environment.get("NODE", "")).split(",")):
            raise RuntimeError("it is silent")

    def address(self, name: str) -> str:
        return next(f"https://{node.address}:6443" for node in self.talos.nodes if node.name == name)


def run(scene: Callable[[Staged], Awaitable[None]]) -> Staged:
    rollout = Staged()
    asyncio.run(_run(scene, rollout))
    return rollout


async def _run(scene: Callable[[Staged], Awaitable[None]], rollout: Staged) -> None:
    await scene(rollout)


def test_every_other_control_plane_is_well_before_one_changes() -> None:
    rollout = run(lambda one: one.before("controlplane1"))
    (asked,) = rollout.asked
    assert asked["NODES"] == "controlplane0,controlplane2", "its own illness is what a change may mend"
    servers = [rollout.address("controlplane0"), rollout.address("controlplane2"), rollout.vip]
    assert asked["API_SERVERS"].split(",") == servers, "at its own address each speaks for its member of etcd"
    assert "VERSION" not in asked, "in the middle of the sequence the others are of two versions"


@pytest.mark.parametrize(("field", "asked_again"), [("after_update", True), ("on_error", False)])
def test_a_node_has_its_turn_from_one_hook_to_the_other(
    field: str, asked_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("ResourceHook", "ErrorHook"):
        monkeypatch.setattr(module, kind, lambda name, call: call)  # no engine to register them with
    locked: list[bool] = []

    async def scene(one: Staged) -> None:
        hooks = one.hooks("controlplane0", "installer:v1")
        update: Any = SimpleNamespace(old_inputs={}, failed_operation="update")
        for hook in (*(hooks.before_update or ()), *getattr(hooks, field)):
            done = hook(update)
            if asyncio.iscoroutine(done):
                await done
            locked.append(one._turn.locked())

    rollout = run(scene)
    assert locked == [True, False], "else the next node waits for ever"
    asked = [one.get("IMAGE", one.get("NODES")) for one in rollout.asked]
    others = "controlplane1,controlplane2"
    assert asked == [others, "installer:v1", *(["controlplane0"] if asked_again else [])], (
        "its Talos, and how it came back"
    )


def test_every_other_node_is_well_before_a_worker_changes() -> None:
    (asked,) = run(lambda one: one.before("worker0")).asked
    assert asked["NODES"] == "controlplane0,controlplane1,controlplane2,worker1,worker2", "one worker at a time"


def test_a_changed_node_is_waited_for_until_it_is_what_it_should_be() -> None:
    async def scene(one: Staged) -> None:
        await one.before("controlplane0")
        await one.after("controlplane0")

    rollout = run(scene)
    asked = rollout.asked[-1]
    assert asked["NODES"] == "controlplane0", "this one"
    assert asked["API_SERVERS"].split(",") == [rollout.address("controlplane0"), rollout.vip], "and the cluster"
    assert asked["VERSION"] == f"v{rollout.talos.kubernetes_version.removeprefix('v')}", "not what ran before"
    assert int(asked["SECONDS_TO_HOLD"]) > 30, "Talos reboots only after it has answered"


@pytest.mark.failure("nodes-restart-together")
def test_one_node_has_its_turn_at_a_time() -> None:
    order: list[str] = []

    async def change(one: Staged, node: str) -> None:
        await one.before(node)
        order.append(f"{node} begins")
        await asyncio.sleep(0)
        order.append(f"{node} ends")
        await one.after(node)

    async def scene(one: Staged) -> None:
        await asyncio.gather(*(change(one, node.name) for node in one.talos.nodes))

    run(scene)
    assert [entry.split()[1] for entry in order] == ["begins", "ends"] * 6, "never two of them"


@pytest.mark.parametrize("how", ["it does not come back", "its configuration is refused"])
def test_a_node_that_fails_ends_the_sequence(how: str) -> None:
    async def scene(one: Staged) -> None:
        await one.before("controlplane0")
        if how == "it does not come back":
            one.ill.add("controlplane0")
            with pytest.raises(RolloutError, match=r"controlplane0 is not well .*nodes\.md.*it is silent"):
                await one.after("controlplane0")
        else:
            assert one.failed("controlplane0", "update") is False, "another try is the next update's"
        for node in ("controlplane1", "worker0"):
            with pytest.raises(RolloutError, match=f"{node} is left as it is, because .*controlplane0"):
                await one.before(node)

    run(scene)


def test_a_node_that_is_ill_already_holds_back_the_others_and_may_change_itself() -> None:
    async def scene(one: Staged) -> None:
        one.ill.add("controlplane0")
        with pytest.raises(RolloutError, match="controlplane1 is left as it is, because another node is not well"):
            await one.before("controlplane1")
        await one.before("controlplane0")
        one.ill.clear()
        await one.after("controlplane0")
        await one.before("controlplane1")

    run(scene)


def test_a_failed_creation_ends_nobodys_turn() -> None:
    async def scene(one: Staged) -> None:
        assert one.failed("controlplane0", "create") is False, "nothing ran there that could be missed"
        await one.before("controlplane1")

    run(scene)


def test_a_node_comes_to_its_talos_once_the_others_are_well_and_before_its_configuration_changes() -> None:
    others, asked = run(lambda one: one.before("worker0", "installer:v1")).asked
    assert others["NODES"] == "controlplane0,controlplane1,controlplane2,worker1,worker2", "first the others"
    assert (asked["NODE"], asked["IMAGE"], asked["DRAIN"]) == ("worker0", "installer:v1", "true"), "then this one"
    assert asked["CLIENT_KEY"] == "key", "with access to Kubernetes too"


def test_the_servers_that_are_asked_during_an_upgrade_are_up() -> None:
    rollout = run(lambda one: one.before("controlplane0", "installer:v1"))
    asked = rollout.asked[-1]
    servers = [rollout.address(name) for name in ("controlplane1", "controlplane2", "controlplane0")]
    assert asked["API_SERVERS"].split(",") == [*servers, rollout.vip], "its own is asked last, once it is back"
    assert asked["ENDPOINT"] == asked["ADDRESS"], "a control plane gives out the kubeconfig for its own drain"
    worker = run(lambda one: one.before("worker0", "installer:v1")).asked[-1]
    assert f"https://{worker['ENDPOINT']}:6443" == rollout.address("controlplane0"), "a worker gives out none"


@pytest.mark.parametrize(("nodes", "drained"), [(1, "false"), (3, "true")])
def test_a_node_alone_is_not_drained(nodes: int, drained: str) -> None:
    rollout = Staged()
    pool = rollout.talos.control_plane
    alone = pool.model_copy(update={"nodes": pool.nodes[:nodes], "schedulable": True})
    talos = rollout.talos.model_copy(update={"control_plane": alone, "workers": {}})
    args = rollout._args
    found = upgrade.arguments(args.network, talos, args.secrets, "controlplane0", "installer:v1")
    assert found["environment"]["DRAIN"] == drained, "its pods have nowhere to go"


@pytest.mark.failure("taken-down-quorum")
def test_of_two_members_of_etcd_none_is_taken_down() -> None:
    async def scene(one: Staged) -> None:
        one._args = replace(one._args, talos=two)
        with pytest.raises(RolloutError, match=r"docs/upgrades.md.*etcd has two members and needs both"):
            await one.before("controlplane0", "installer:v1")
        with pytest.raises(RolloutError, match="controlplane1 is left as it is, because controlplane0 did not come"):
            await one.before("controlplane1", "installer:v1")

    pool = Staged().talos.control_plane
    two = Staged().talos.model_copy(
        update={"control_plane": pool.model_copy(update={"nodes": pool.nodes[:2], "replacing": "controlplane2"})}
    )
    assert all("NODE" not in asked for asked in run(scene).asked), "nothing was begun"


def test_only_another_installer_is_a_reason_to_upgrade() -> None:
    async def needed(applied: str) -> bool:
        text = f"install:\n  image: installer/abc:{applied}\n  disk: /dev/sda\n"
        inputs = {"machineConfigurationInput": pulumi.Output.secret(text)}  # as the engine gives it to a hook
        return await upgrade.is_needed("installer/abc:v1.13.1", inputs)

    assert not asyncio.run(needed("v1.13.1")), "the state has it once an upgrade ended well"
    for other in "v1.13.7", "v1.13.10", "v1.13.1-rc.0":
        assert asyncio.run(needed(other)), f"and else tries again: {other}"
