"""The stack file and the running program's configuration give the same settings."""

from pathlib import Path

import pulumi
import pytest

from settings.model import Settings
from settings.types import BootstrapEndpoint, ClusterEndpoint
from stack_file.load import load_config, load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED, VALID
from tests.support.engine import Run, record
from tests.support.program import configuration


@pytest.mark.parametrize("path", [*VALID, SHIPPED], ids=lambda path: path.stem)
def test_the_program_sees_the_settings_of_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    seen: list[Settings] = []
    record(lambda: seen.append(load_config(pulumi.Config())), Run(config=configuration(path, {})))
    assert seen == [load_stack_file(path)], "the engine hands sections over as JSON text"


def test_settings_cannot_be_changed_after_they_were_checked() -> None:
    settings = load_stack_file(SHIPPED)
    with pytest.raises(ValueError, match="frozen"):
        settings.network.vip = settings.network.gateway  # type: ignore[misc]


def test_the_endpoint_of_the_bootstrap_is_a_node_and_that_of_the_cluster_the_vip() -> None:
    settings = load_stack_file(SHIPPED)
    assert settings.talos is not None, "the shipped stack has machines"
    bootstrap, cluster = settings.talos.bootstrap_endpoint, settings.network.of_nodes.cluster_endpoint
    assert isinstance(bootstrap, BootstrapEndpoint), "two types, so that they cannot be swapped"
    assert isinstance(cluster, ClusterEndpoint), "two types, so that they cannot be swapped"
    assert bootstrap.address in {node.address for node in settings.talos.control_plane.nodes}, "a control plane"
    assert cluster.url == f"https://{settings.network.vip}:6443", "the VIP"


def test_cluster_dns_is_the_tenth_address_of_the_service_network() -> None:
    assert str(load_stack_file(SHIPPED).network.of_nodes.cluster_dns) == "10.96.0.10", (
        "where Talos points every kubelet"
    )


def test_a_service_that_is_off_has_no_host() -> None:
    hosts = load_stack_file(FIXTURES / "valid" / "services-off.yaml").hosts
    assert sorted(hosts) == ["identity", "vault"], "only what is brought up is resolved and certified"
