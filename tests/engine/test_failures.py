"""One failure holds back what needs it and nothing else, leaves the state whole, and the next update goes on."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.checkout import Stack
from lab.driver import Result
from lab.providers.kubernetes.cluster import CLUSTERS, OBJECTS, object_key
from tests.engine.platform import Outcome, copy_of, driver, edit, faults_of, world_of

pytestmark = pytest.mark.engine

HELD_BACK = "because they need what failed"
TABLE = ("provider", "parent", "deletedWith")


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _errors(result: Result) -> list[str]:
    """What the command told of itself, without what it says of resources that were left as they are."""
    return [text for text in result.messages() if HELD_BACK not in text]


def _state(stack: Stack) -> list[dict[str, Any]]:
    state: dict[str, Any] = json.loads((stack.workdir / "state.json").read_text(encoding="utf-8"))
    return list(state["deployment"]["resources"])


def _dangling(stack: Stack) -> list[str]:
    """Where the state names something that does not stand before it: the engine would refuse to read such a state."""
    seen: set[str] = set()
    found = []
    for one in _state(stack):
        found += [f"{_name(one['urn'])} -> {_name(urn)}" for urn in _needs(one) if urn not in seen]
        seen |= {one["urn"], f"{one['urn']}::{one.get('id', '')}"}
    return found


def _needs(one: Mapping[str, Any]) -> set[str]:
    needs = {*(one.get("dependencies") or []), *(one[key] for key in TABLE if one.get(key))}
    return needs.union(*(one.get("propertyDependencies") or {}).values())


def _steps(result: Result, *operations: str) -> set[str]:
    return {_name(event["urn"]) for event in result.events if event["event"] == "start" and event["op"] in operations}


def test_without_the_kubernetes_api_the_machines_come_up_and_the_rest_waits(without_api: Outcome) -> None:
    assert [_name(urn) for urn in without_api.result.failed()] == ["kubernetes-api"], "one thing failed"
    assert _errors(without_api.result) == ["the API did not answer in 15 minutes"], (
        "and nothing else is told as an error"
    )
    made = {_name(one["urn"]) for one in _state(without_api.stack)}
    assert {"control", "talos-bootstrap", "talos-kubeconfig"} <= made, "what owes the API nothing"
    assert "kubernetes" not in made, "its provider is not even configured"
    assert _dangling(without_api.stack) == [], "the state is whole"


def _renew_and_switch_off(service: str) -> Callable[[dict[str, Any]], None]:
    """The service goes, and Harbor's secret is renewed."""

    def change(sections: dict[str, Any]) -> None:
        sections[service]["enabled"] = False
        if service == "gitea":  # and what needs it
            del sections[service]["organisations"], sections["gitops"]["sync"]
        sections["rotation"] = {"generations": {"harbor/server": 2}}

    return change


def test_a_refused_external_secret_holds_back_its_readers_and_every_deletion(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "refused")
    edit(stack, _renew_and_switch_off("gitea"))
    with world_of(stack) as world:
        faults_of(world).stage("ExternalSecret", "harbor-*", "refuse", "admission webhook denied the request", times=1)
    refused = driver(stack).up()
    assert [text for text in _errors(refused) if "admission webhook" not in text] == [], "one failure is told, once"
    assert len(refused.failed()) == 1, "and nothing breaks behind it"
    changed = _steps(refused, "update")
    assert "coredns-corefile" in changed, "what does not need it is brought up to date"
    assert "harbor-release" not in changed, "what reads it is not"
    assert _steps(refused, "delete") == set(), "what was held back still refers to what would go"
    assert _dangling(stack) == [], "the state is whole"
    # A failure that nothing needs lets it go. The engine walks the dependencies of what failed before it deletes.
    edit(stack, _renew_and_switch_off("matrix"))
    with world_of(stack) as world:
        faults_of(world).stage("NetworkPolicy", "postgres-ingress", "refuse", "denied")
    failed = driver(stack).up()
    assert [_name(urn) for urn in failed.failed()] == ["postgres-ingress"], "it names the clients, and is nobody's need"
    assert {_name(urn) for urn in refused.failed()} <= _steps(failed, "update"), "what was refused is made up for"
    assert "gitea-release" in _steps(failed, "delete"), "Gitea owes nothing to what failed"
    assert _dangling(stack) == [], "the state is whole"


def _answers(stack: Stack, *, answers: bool) -> None:
    with world_of(stack) as world:
        for server, record in world.table(CLUSTERS).items():
            world.put(CLUSTERS, server, {**record, "answers": answers})


def test_an_api_that_is_down_changes_nothing_nor_does_a_second_update(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "down")
    before = {one["urn"] for one in _state(stack)}
    _answers(stack, answers=False)
    down = driver(stack).up(cluster_down=True)  # otherwise nothing would begin
    assert not down.ok, "the keys of Vault cannot be read"
    told = _errors(down)
    assert told, "it says why"
    assert [text for text in told if "unreachable" not in text] == [], "and nothing of a root token taken offline"
    assert {one["urn"] for one in _state(stack)} == before, "nothing left the state"
    assert _dangling(stack) == [], "the state is whole"
    _answers(stack, answers=True)
    again = driver(stack).up()
    assert again.ok, again.error
    changed = [one["urn"] for one in again.events if one["event"] == "start" and one["op"] not in ("same", "read")]
    assert (changed, again.changed) == ([], 0), "a program that is never done hides what a person changed"


def test_a_refresh_without_the_service_of_vault_tells_why_and_it_comes_back(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "deleted")
    with world_of(stack) as world:
        world.delete(OBJECTS, object_key("", "Service", "vault", "vault-api"))
    refreshed = driver(stack).refresh()
    assert {text for text in _errors(refreshed) if "no route to host" not in text} == {"update failed"}, (
        "nobody can ask Vault what it has"
    )
    assert _dangling(stack) == [], "its provider, which was told its address, is still there"
    again = driver(stack).up()
    assert again.ok, again.messages()
    assert "vault-api" in _steps(again, "create"), "it is made again"
