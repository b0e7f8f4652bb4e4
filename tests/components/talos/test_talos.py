"""Talos: secrets, configuration, bootstrap, and the gate before Kubernetes is used."""

from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_command as command
import pulumi_random as random
import pulumiverse_talos as talos
import pytest

from components.talos.api_server import ApiServer, ApiServerArgs
from components.talos.cluster import TalosCluster, TalosClusterArgs
from components.talos.secrets import TalosSecrets, TalosSecretsArgs
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.support.engine import Recorded, Recording, Run, record
from tests.support.program import STACK_FILE
from tests.support.wire import UNKNOWN

APPLY = "talos:machine/configurationApply:ConfigurationApply"
BOOTSTRAP = "talos:machine/bootstrap:Bootstrap"
KUBECONFIG = "talos:cluster/kubeconfig:Kubeconfig"
COMMAND = "command:local:Command"
RENDER = "talos:machine/getConfiguration:getConfiguration"
TALOSCONFIG = "talos:client/getConfiguration:getConfiguration"
# What the provider expects (its schema 0.8.1); snake_case here is reported as missing fields.
SECRETS_KEYS = {"certs", "cluster", "secrets", "trustdinfo"}
CERTIFICATE_KEYS = {"etcd", "k8s", "k8sAggregator", "k8sServiceaccount", "os"}
CLIENT_KEYS = {"caCertificate", "clientCertificate", "clientKey"}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file(STACK_FILE)


def build(settings: Settings) -> Callable[[], dict[str, Any]]:
    """The cluster on machines whose stand-ins are random ids: only their being resources matters here."""

    def program() -> dict[str, Any]:
        assert settings.talos is not None, "the stack file describes Talos nodes"
        providers = [talos.Provider("talos"), command.Provider("command"), random.Provider("random")]
        opts = pulumi.ResourceOptions(providers=providers)
        machines = {
            node.name: random.RandomId(
                f"vm-{node.name}", byte_length=8, opts=pulumi.ResourceOptions(provider=providers[2])
            )
            for node in settings.talos.nodes
        }
        cluster = TalosCluster(
            "talos",
            TalosClusterArgs(
                cluster=settings.cluster,
                network=settings.network.of_nodes,
                talos=settings.talos,
                region="region",
                secrets=TalosSecrets("secrets", TalosSecretsArgs(version_contract="v1.13"), opts),
                installer="factory.test/nocloud-installer/abc:v1.13.7",
                machines=machines,
            ),
            opts,
        )
        server = ApiServer("api-server", ApiServerArgs(cluster=cluster), opts)
        return {"kubeconfig": server.kubeconfig, "talosconfig": cluster.talosconfig, "early": cluster.kubeconfig}

    return program


@pytest.fixture(scope="module")
def recording(settings: Settings) -> Recording:
    return record(build(settings))


def control_planes(settings: Settings) -> list[str]:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    return [node.name for node in settings.talos.control_plane.nodes]


def keys(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from keys(item)


def test_secrets_go_to_the_provider_in_the_spelling_it_reads(recording: Recording) -> None:
    rendered = [call for call in recording.calls if call.token == RENDER]
    assert len(rendered) == 6, "each node has its own configuration"
    for call in rendered:
        secrets = call.arguments["machineSecrets"]
        assert set(secrets) == SECRETS_KEYS, "every part of the secrets is handed on"
        assert set(secrets["certs"]) == CERTIFICATE_KEYS, "a missing certificate would be generated anew, and differ"
        assert not [key for key in keys(secrets) if "_" in key], "snake_case is reported as missing"


def test_every_call_authenticates_in_the_spelling_it_reads(recording: Recording) -> None:
    (talosconfig,) = [call for call in recording.calls if call.token == TALOSCONFIG]
    given = [talosconfig.arguments["clientConfiguration"]]
    given += [
        one.get("clientConfiguration") for kind in (APPLY, BOOTSTRAP, KUBECONFIG) for one in recording.of_type(kind)
    ]
    for configuration in given:
        assert set(configuration) == CLIENT_KEYS, "without one of them Talos refuses the connection"


def test_calls_and_resources_name_their_provider(recording: Recording) -> None:
    provider = recording.one("pulumi:providers:talos").urn
    assert {call.provider for call in recording.calls} == {provider}, "default providers are off"
    assert {one.provider for one in recording.of_type("talos:*")} == {provider}, "default providers are off"


def test_one_command_can_remove_the_cluster(recording: Recording) -> None:
    assert not [one.name for one in recording.resources if one.protect], "destroy fails on whatever is protected"


def test_nothing_secret_is_left_in_plain_text(recording: Recording) -> None:
    assert recording.issued, "the providers issued secrets"
    for resource in recording.resources:
        for path, text, secret in resource.strings():
            leaked = [owner for value, owner in recording.issued.items() if value in text]
            assert secret or not leaked, f"{resource} {path} shows {leaked}"
    for name in ("kubeconfig", "talosconfig", "early"):
        assert recording.stack_outputs.is_secret(name), f"{name} gives full power over the cluster"


def test_each_node_is_configured_over_its_own_address(recording: Recording, settings: Settings) -> None:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    for node in settings.talos.nodes:
        applied = recording.one(APPLY, f"talos-{node.name}")
        assert applied.get("node") == applied.get("endpoint") == str(node.address), (
            f"{node.name}: the VIP does not exist before there is a configured cluster"
        )


def test_nothing_talks_to_talos_over_the_virtual_address(recording: Recording, settings: Settings) -> None:
    vip = str(settings.network.vip)
    for resource in recording.of_type("talos:*"):
        assert vip not in (resource.get("node"), resource.get("endpoint")), f"{resource}: it is held by an election"
    (talosconfig,) = [call for call in recording.calls if call.token == TALOSCONFIG]
    assert vip not in talosconfig.arguments["endpoints"], "without etcd it is gone, and talosctl is needed most"


def test_the_configuration_names_the_virtual_address(recording: Recording, settings: Settings) -> None:
    for call in recording.calls:
        if call.token == RENDER:
            assert call.arguments["clusterEndpoint"] == f"https://{settings.network.vip}:6443", (
                "kubelets and kubeconfigs survive the loss of a control plane only by the VIP"
            )


def test_the_format_is_that_of_the_clusters_birth_and_not_of_the_image(
    recording: Recording, settings: Settings
) -> None:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    versions = {call.arguments["talosVersion"] for call in recording.calls if call.token == RENDER}
    assert versions == {settings.talos.version_contract}, "a newer format is unknown to nodes that are not upgraded"


def test_a_node_is_configured_again_when_its_machine_is_replaced(recording: Recording, settings: Settings) -> None:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    for node in settings.talos.nodes:
        applied, machine = recording.one(APPLY, f"talos-{node.name}"), recording.one("random:*", f"vm-{node.name}")
        assert applied.replace_with == (machine.urn,), f"{node.name}: a new machine waits for its configuration"
        assert machine.urn in applied.dependencies, f"{node.name}: there is nothing to configure before"


def test_an_update_of_a_running_node_waits_for_its_turn(recording: Recording, settings: Settings) -> None:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    for node in settings.talos.nodes:
        assert recording.one(APPLY, f"talos-{node.name}").hooks == {
            "before_update": (f"talos-{node.name}-before",),
            "after_update": (f"talos-{node.name}-after",),
            "on_error": (f"talos-{node.name}-failed",),
        }, f"{node.name}: all at once would take the cluster down; its creation waits for nobody, nor does its end"


def test_workers_follow_control_planes(recording: Recording, settings: Settings) -> None:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    for node in settings.talos.worker_nodes:
        for name in control_planes(settings):
            applied = recording.one(APPLY, f"talos-{node.name}")
            assert recording.is_after(applied, recording.one(APPLY, f"talos-{name}")), (
                f"{node.name}: no kubelet may be newer than the API server"
            )


def test_the_removal_of_a_configuration_resets_no_machine(recording: Recording) -> None:
    for applied in recording.of_type(APPLY):
        assert applied.get("onDestroy") is None, (
            f"{applied}: a node that does not answer could not be removed, nor the last member of etcd destroyed"
        )


def test_etcd_starts_once_on_the_first_control_plane_after_all_are_configured(
    recording: Recording, settings: Settings
) -> None:
    bootstrap = recording.one(BOOTSTRAP)
    assert settings.talos is not None, "the stack file describes Talos nodes"
    first = str(settings.talos.bootstrap_endpoint)
    assert bootstrap.get("node") == bootstrap.get("endpoint") == first, "one node starts, the others join it"
    for name in control_planes(settings):
        assert recording.is_after(bootstrap, recording.one(APPLY, f"talos-{name}")), f"{name} must find the first"
    assert bootstrap.ignore_changes == (), "an imported one knows neither, and an update of it does nothing"


def test_bootstrap_does_not_wait_for_workers(recording: Recording, settings: Settings) -> None:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    for node in settings.talos.worker_nodes:
        applied = recording.one(APPLY, f"talos-{node.name}")
        assert not recording.is_after(recording.one(BOOTSTRAP), applied), f"{node.name} is no member of etcd"


def test_the_kubeconfig_is_asked_for_after_bootstrap(recording: Recording) -> None:
    assert recording.is_after(recording.one(KUBECONFIG), recording.one(BOOTSTRAP)), "before, nothing can sign it"


def gate(recording: Recording) -> Recorded:
    return recording.one(COMMAND, "api-server")


def test_the_gate_waits_for_every_node_and_for_bootstrap(recording: Recording) -> None:
    for before in (*recording.of_type(APPLY), recording.one(BOOTSTRAP), recording.one(KUBECONFIG)):
        assert recording.is_after(gate(recording), before), f"{before} comes before the first use of the API"


def test_the_gate_depends_on_no_path_of_this_machine(recording: Recording) -> None:
    assert gate(recording).get("dir") is None, "a checkout elsewhere would run the gate again"
    command = gate(recording).get("create")
    assert command == ".venv/bin/python -", "the script comes on standard input, to the interpreter of the program"
    assert "def main" in gate(recording).get("stdin"), "and it is the script that the tests run"


def test_the_gate_fails_by_itself_before_the_engine_gives_up(recording: Recording) -> None:
    wait = int(gate(recording).get("environment", "SECONDS_TO_WAIT"))
    for operation in ("create", "update"):
        assert int(gate(recording).timeouts[operation].removesuffix("s")) > wait, "only the script says what is missing"


def test_other_configurations_of_control_planes_are_waited_for_again_in_place(
    recording: Recording, settings: Settings
) -> None:
    seen = gate(recording).property_dependencies["environment"]
    for name in control_planes(settings):
        applied = recording.one(APPLY, f"talos-{name}")
        assert applied.urn in seen, f"{name}: a provider that is configured while its API server restarts gives up"
    assert gate(recording).get("triggers") is None, "a replaced gate leaves nothing known in a preview"
    newer = settings.model_copy(update={"talos": with_kubernetes(settings, "1.36.4")})
    digests = [gate(one).get("environment", "CONTROL_PLANES") for one in (recording, record(build(newer)))]
    assert digests[0] != digests[1], "another Kubernetes is another configuration"


def with_kubernetes(settings: Settings, version: str) -> Any:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    return settings.talos.model_copy(update={"kubernetes_version": version})


def test_the_kubeconfig_is_usable_only_behind_the_gate(settings: Settings) -> None:
    preview = record(build(settings), Run(preview=True))
    assert preview.stack_outputs.values["kubeconfig"] is UNKNOWN, (
        "a provider that is configured before the API answers takes the cluster for unreachable for good"
    )


def test_the_first_preview_asks_no_provider_for_what_it_cannot_know(settings: Settings) -> None:
    assert not record(build(settings), Run(preview=True)).calls, "there are no secrets yet to render anything with"


def test_the_gate_changes_nothing_in_the_kubeconfig(recording: Recording) -> None:
    outputs = recording.stack_outputs.values
    assert outputs["kubeconfig"] == outputs["early"], "it is the same kubeconfig, only later"
