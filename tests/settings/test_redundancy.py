"""What there is one of is told from the stack file, and nothing else is."""

from typing import Any

import pytest

from settings.model import Settings
from settings.redundancy import single_points_of_failure, unchecked_hosts
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.pools import pool_of, talos_of, with_pool

SETTINGS = load_stack_file(SHIPPED)
CONTROLS, WORKERS = "controlPlane", "workers.default"


def on(key: str, *hosts: str, settings: Settings = SETTINGS) -> Settings:
    """A pool with a node on each of these hosts."""
    nodes = zip(pool_of(settings, key).nodes, hosts, strict=False)
    return with_pool(settings, key, nodes=tuple(one.model_copy(update={"host": host}) for one, host in nodes))


def told(settings: Settings) -> set[str]:
    return {f"{one.key}: {one.value}" for one in single_points_of_failure(settings)}


@pytest.mark.parametrize(
    ("controls", "workers", "said"),
    [
        (["a", "b", "c"], ["a", "b", "c"], []),
        (["a", "a", "a"], ["a", "a", "a"], ["proxmox: a"]),
        (["a", "a", "b"], ["a", "b"], ["talos.controlPlane.nodes: 2 of 3"]),
        (["a"], ["b", "c"], ["talos.controlPlane.nodes: 1 node"]),
        (["a", "b", "c"], ["c", "c"], ["talos.workers: 1 host"]),
        (["a", "b", "c"], ["c"], ["talos.workers: 1 node", "talos.workers: 1 host"]),
        (["a", "b", "c"], [], []),
        (["a"], [], ["proxmox: a", "talos.controlPlane.nodes: 1 node", "talos.workers: 1 node"]),
    ],
)
def test_a_machine_or_host_whose_loss_is_felt_is_named(
    controls: list[str], workers: list[str], said: list[str]
) -> None:
    settings = on(WORKERS, *workers, settings=on(CONTROLS, *controls))
    machines = {one for one in told(settings) if one.startswith(("talos", "proxmox"))}
    assert machines == set(said), f"{talos_of(settings).nodes}"


def test_hosts_that_nobody_declared_are_named() -> None:
    (told,) = unchecked_hosts(on(WORKERS, "b", "a", "c", settings=on(CONTROLS, "a", "a", "a")))
    assert str(told).startswith("proxmox.hosts: a, b, c not among them"), "no check is silently left out"
    assert unchecked_hosts(load_stack_file(FIXTURES / "valid" / "every-key.yaml")) == (), "what it has stands there"
    assert unchecked_hosts(load_stack_file(FIXTURES / "valid" / "existing-cluster.yaml")) == (), "it has none of ours"


def test_what_of_the_platform_runs_once_is_named() -> None:
    services = "gitea, harbor, matrix: one server"
    assert {"vault.mode: standalone", "identity.replicas: 1", services} <= told(SETTINGS), "the shipped stack has one"
    update: dict[str, Any] = {
        "vault": SETTINGS.vault.model_copy(update={"mode": "ha"}),
        "identity": SETTINGS.identity.model_copy(update={"replicas": 2}),
    }
    assert told(SETTINGS.model_copy(update=update)) == {"proxmox: atlas", services}, "two of a thing are not told"
    assert "databases.instances: 1" in told(load_stack_file(FIXTURES / "valid" / "minimal.yaml")), "one instance is one"
    existing = load_stack_file(FIXTURES / "valid" / "existing-cluster.yaml")
    assert not [one for one in told(existing) if one.startswith(("talos", "proxmox"))], "its machines are not ours"
