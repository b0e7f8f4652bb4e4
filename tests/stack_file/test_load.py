"""The stack file and the running program's configuration give the same settings."""

import shutil
from pathlib import Path

import pulumi
import pytest

from settings.model import Settings
from settings.types import BootstrapEndpoint, ClusterEndpoint
from stack_file.load import SettingsError, load_config, load_stack_file
from tests.stack_file.cases import is_good
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


SHOP = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: shop, namespace: shop-data%s }\n"


def _refusal(written: str, folder: Path) -> str:
    """What is said of a file of a chain."""
    (folder / "shop").mkdir()
    (folder / "shop" / "database.yaml").write_text(written, encoding="utf-8")
    path = shutil.copy(FIXTURES / "valid" / "chains.yaml", folder)
    with pytest.raises(SettingsError) as refused:
        load_stack_file(Path(path))
    return next(line for line in str(refused.value).splitlines() if "shop/database.yaml" in line)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[" * 100_000, "nested too deeply"),
        (SHOP % ", labels: &a { a: *a }", "nested too deeply"),
        (SHOP % "" + "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + f"d: [{'*c, ' * 30_000}]\n", "something else"),
        (SHOP % "" + "data: { a: !!binary aGVsbG8= }\n", "something else"),
        (SHOP % "" + "data: { a: .nan }\n", "something else"),
    ],
    ids=["deep", "itself", "laughs", "bytes", "no-number"],
)
def test_a_file_of_a_chain_that_no_api_would_take_is_refused(written: str, said: str, tmp_path: Path) -> None:
    line = _refusal(written, tmp_path)
    assert said in line, "in words"
    assert is_good(line), "that say what to do"


def test_a_date_in_a_file_of_a_chain_is_text_as_for_kubectl(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    written = (FIXTURES / "valid" / "shop" / "database.yaml").read_text(encoding="utf-8")
    dated = written.replace("    pulumi.com/waitFor", "    day: 2026-11-27\n    1: 2026-13-45\n    pulumi.com/waitFor")
    (tmp_path / "shop" / "database.yaml").write_text(dated, encoding="utf-8")
    settings = load_stack_file(Path(shutil.copy(FIXTURES / "valid" / "chains.yaml", tmp_path)))
    (file,) = settings.chains["shop"].stages[0].files
    annotations = file.objects[0]["metadata"]["annotations"]
    assert (annotations["day"], annotations["1"]) == ("2026-11-27", "2026-13-45"), "and so is every key"
