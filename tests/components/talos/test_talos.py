"""Talos as the program brings it up: secrets, configuration, bootstrap, and the gate before Kubernetes is used."""

from collections.abc import Iterator
from typing import Any

import pytest

from stack_file.load import load_stack_file
from tests.support.engine import Recorded, Recording
from tests.support.pools import talos_of
from tests.support.program import STACK_FILE
from tests.support.variants import changed
from tests.support.wire import UNKNOWN

APPLY = "talos:machine/configurationApply:ConfigurationApply"
BOOTSTRAP = "talos:machine/bootstrap:Bootstrap"
KUBECONFIG = "talos:cluster/kubeconfig:Kubeconfig"
RENDER = "talos:machine/getConfiguration:getConfiguration"
TALOSCONFIG = "talos:client/getConfiguration:getConfiguration"
# What the provider expects (its schema 0.8.1); snake_case here is reported as missing fields.
SECRETS_KEYS = {"certs", "cluster", "secrets", "trustdinfo"}
CERTIFICATE_KEYS = {"etcd", "k8s", "k8sAggregator", "k8sServiceaccount", "os"}
CLIENT_KEYS = {"caCertificate", "clientCertificate", "clientKey"}
SETTINGS = load_stack_file(STACK_FILE)
TALOS = talos_of(SETTINGS)
CONTROL_PLANES = [node.name for node in TALOS.control_plane.nodes]


def keys(value: Any) -> Iterator[str]:
    """Every key at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from keys(item)


def applied(recording: Recording, node: str) -> Recorded:
    return recording.one(APPLY, f"talos-{node}")


def gate(recording: Recording) -> Recorded:
    return recording.one("command:local:Command", "kubernetes-api")


def test_secrets_go_to_the_provider_in_the_spelling_it_reads(update: Recording) -> None:
    rendered = [call for call in update.calls if call.token == RENDER]
    assert len(rendered) == 6, "each node has its own configuration"
    for call in rendered:
        secrets = call.arguments["machineSecrets"]
        assert set(secrets) == SECRETS_KEYS, "every part of the secrets is handed on"
        assert set(secrets["certs"]) == CERTIFICATE_KEYS, "a missing certificate would be generated anew, and differ"
        assert not [key for key in keys(secrets) if "_" in key], "snake_case is reported as missing"
        assert call.arguments["talosVersion"] == TALOS.version_contract, (
            "the format of the cluster's birth: a newer one is unknown to nodes that are not upgraded"
        )


def test_every_call_authenticates_in_the_spelling_it_reads(update: Recording) -> None:
    (talosconfig,) = [call for call in update.calls if call.token == TALOSCONFIG]
    given = [talosconfig.arguments["clientConfiguration"]]
    given += [one.get("clientConfiguration") for kind in (APPLY, BOOTSTRAP, KUBECONFIG) for one in update.of_type(kind)]
    for configuration in given:
        assert set(configuration) == CLIENT_KEYS, "without one of them Talos refuses the connection"
    assert str(SETTINGS.network.of_nodes.vip) not in talosconfig.arguments["endpoints"], (
        "without etcd it is gone, and talosctl is needed most"
    )


def test_calls_name_their_provider(update: Recording) -> None:
    assert {call.provider for call in update.calls} == {update.one("pulumi:providers:talos").urn}, "no default ones"


def test_one_command_can_remove_the_cluster(update: Recording) -> None:
    assert not [one.name for one in update.resources if one.protect], "destroy fails on whatever is protected"


def test_a_node_is_configured_once_its_machine_is_there(update: Recording) -> None:
    for node in TALOS.nodes:
        machine = update.one("proxmoxve:index/vmLegacy:VmLegacy", node.name)
        assert update.is_after(applied(update, node.name), machine), f"{node.name}: before, nobody answers"


def test_an_update_of_a_running_node_waits_for_its_turn(update: Recording) -> None:
    for node in TALOS.nodes:
        assert applied(update, node.name).hooks == {
            "before_update": (f"talos-{node.name}-before",),
            "after_update": (f"talos-{node.name}-after",),
            "on_error": (f"talos-{node.name}-failed",),
        }, f"{node.name}: all at once would take the cluster down; its creation waits for nobody, nor does its end"


@pytest.mark.failure("gate-that-waits-for-too-much")
def test_workers_follow_control_planes_and_bootstrap_waits_for_no_worker(update: Recording) -> None:
    for node in TALOS.worker_nodes:
        for name in CONTROL_PLANES:
            assert update.is_after(applied(update, node.name), applied(update, name)), (
                f"{node.name}: no kubelet may be newer than the API server"
            )
            assert update.is_after(update.one(BOOTSTRAP), applied(update, name)), (
                f"{name}: a member that etcd must find"
            )
        assert not update.is_after(update.one(BOOTSTRAP), applied(update, node.name)), f"{node.name}: not in etcd"


@pytest.mark.failure("api-over-ipv6-only")
def test_the_gate_waits_for_every_node_and_for_the_kubeconfig_of_what_was_bootstrapped(update: Recording) -> None:
    kubeconfig, bootstrap = update.one(KUBECONFIG), update.one(BOOTSTRAP)
    assert update.is_after(kubeconfig, bootstrap), "before, nothing can sign it"
    assert bootstrap.get("endpoint") == bootstrap.get("node"), "no other node starts etcd for it"
    for before in (*update.of_type(APPLY), kubeconfig):
        assert update.is_after(gate(update), before), f"{before} comes before the first use of the API"


def test_the_gate_is_the_script_that_the_tests_run_and_fails_before_the_engine_gives_up(update: Recording) -> None:
    assert "def main" in gate(update).get("stdin"), "it comes on standard input"
    wait = int(gate(update).get("environment", "SECONDS_TO_WAIT"))
    for operation in ("create", "update"):
        assert int(gate(update).timeouts[operation].removesuffix("s")) > wait, "only the script says what is missing"


def test_other_configurations_of_control_planes_are_waited_for_again_in_place(update: Recording) -> None:
    seen = gate(update).property_dependencies["environment"]
    for name in CONTROL_PLANES:
        assert applied(update, name).urn in seen, f"{name}: a provider that is configured meanwhile gives up"
    version = f"kubernetesVersion: {TALOS.kubernetes_version}"
    newer = changed(version, version[:-1] + str(int(version[-1]) + 1))
    digests = [gate(one).get("environment", "CONTROL_PLANES") for one in (update, newer)]
    assert digests[0] != digests[1], "another Kubernetes is another configuration"


def test_the_kubeconfig_is_usable_only_behind_the_gate(preview: Recording) -> None:
    assert preview.stack_outputs.values["kubeconfig"] is UNKNOWN, (
        "a provider that is configured before the API answers takes the cluster for unreachable for good"
    )
    assert not [call for call in preview.calls if call.token == RENDER], "nothing to render with"
