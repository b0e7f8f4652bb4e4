"""Operations that were cut off, and clusters that do not answer: by the commands' own way, on the real engine."""

from pathlib import Path

import pytest

from lab.checkout import Stack
from lab.faults import Effect, Faults
from lab.providers.kubernetes.cluster import CLUSTERS, RELEASES
from tests.engine.platform import world_of
from tests.lab.stacks import checkpoint, copy_of, driver_of, kill_inside, stack_of

pytestmark = pytest.mark.engine

CILIUM = "kube-system/cilium"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The small platform, killed while Helm waited for Cilium; nothing keeps it from coming up now."""
    stack = stack_of("slice", tmp_path_factory.mktemp("killed"))
    with world_of(stack) as world:
        Faults(world).stage("Release", "cilium", "never-ready")
    left = kill_inside(stack, "cilium")
    assert [one["type"] for one in left["pending_operations"]] == ["creating"], "the engine was at the release alone"
    with world_of(stack) as world:
        Faults(world).clear()
        record = world.get(RELEASES, CILIUM)
        assert record is not None, "Helm had begun"
        assert record["status"] == "pending-install", "and did not come to note how it ended"
    return stack


@pytest.fixture(scope="module")
def finished(killed: Stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The same, after the next `up`."""
    stack = copy_of(killed, tmp_path_factory.mktemp("finished") / "copy")
    result = driver_of(stack).up()
    assert result.ok, f"an up that was killed inside a Helm install converges: {result.error}"
    told = result.messages("warning")
    assert "cut off: Release cilium was being made" in told, f"what was cut off is named: {told}"
    return stack


@pytest.mark.failure("half-done-installation")
def test_what_a_killed_install_left_is_gone_on_with(finished: Stack) -> None:
    with world_of(finished) as world:
        record = world.get(RELEASES, CILIUM)
        assert record is not None, "the release is there"
        assert (record["status"], record["revision"]) == ("deployed", 2), "Helm upgraded the one that it had begun"
    urns = [one["urn"].rpartition("::")[2] for one in checkpoint(finished)["resources"]]
    assert urns.count("cilium") == 1, "nothing twice"


def test_a_killed_install_can_be_destroyed_at_once(killed: Stack, tmp_path: Path) -> None:
    stack = copy_of(killed, tmp_path / "copy")
    result = driver_of(stack).destroy()
    assert result.ok, result.error
    with world_of(stack) as world:
        assert not world.keys(RELEASES), "what Helm had begun is uninstalled, not forgotten"
    assert not checkpoint(stack).get("resources"), "and the state is empty"


@pytest.mark.parametrize("operation", ["up", "refresh", "destroy"])
def test_a_cluster_that_is_only_out_of_reach_changes_nothing(finished: Stack, tmp_path: Path, operation: str) -> None:
    stack = copy_of(finished, tmp_path / "copy")
    with world_of(stack) as world:
        for server, record in world.table(CLUSTERS).items():
            world.put(CLUSTERS, server, record | {"answers": False})
    before = checkpoint(stack)
    result = driver_of(stack).run(operation)
    assert not result.ok, "nothing may be changed half"
    for part in ("connection refused", "--cluster-down", "--cluster-gone", "docs/runbooks/lost-cluster.md"):
        assert part in result.error, f"the reason and the ways out are told: {result.error}"
    assert checkpoint(stack) == before, "the state is untouched"


def test_a_cluster_that_is_gone_can_be_destroyed(finished: Stack, tmp_path: Path) -> None:
    stack = copy_of(finished, tmp_path / "copy")
    result = driver_of(stack).destroy(cluster_gone=True)
    assert "its Kubernetes API answers" in result.error, f"one that answers is not gone: {result.error}"
    with world_of(stack) as world:
        for server in world.keys(CLUSTERS):
            world.delete(CLUSTERS, server)
    result = driver_of(stack).destroy(cluster_gone=True)
    assert result.ok, result.error
    assert not checkpoint(stack).get("resources"), "the machines are gone too, and the state is empty"
    with world_of(stack) as world:
        assert not world.keys("proxmox/vms"), "they were really destroyed"
    assert (stack.project / "build" / "state" / "dev.json").exists(), "the state as it was is kept"


@pytest.mark.parametrize(
    ("kind", "name", "effect"),
    # Before there is a Kubernetes provider, before there is anything for the provider of Vault, and in between.
    [("Command", "*", "refuse"), ("Release", "cilium", "never-ready"), ("Job", "init", "fail")],
)
def test_a_first_up_that_failed_can_be_refreshed_and_destroyed(
    tmp_path: Path, kind: str, name: str, effect: Effect
) -> None:
    stack = stack_of("slice", tmp_path / "work")
    with world_of(stack) as world:
        Faults(world).stage(kind, name, effect)
    assert not driver_of(stack).up().ok, "the first up fails"
    refreshed = driver_of(stack).refresh()
    assert refreshed.ok, f"with the flags of make refresh the state stays valid: {refreshed.error}"
    result = driver_of(stack).destroy()
    assert result.ok, f"with the flags of make destroy too: {result.error}"
    assert not checkpoint(stack).get("resources"), "nothing is left"
