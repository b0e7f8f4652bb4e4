"""Machines are reached at their own addresses until the cluster has a VIP, and everything after that at the VIP."""

import re

import pytest
import yaml

from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.engine import Recorded, Recording
from tests.support.objects import environment
from tests.support.pools import talos_of
from tests.support.program import record_program

SETTINGS = load_stack_file(SHIPPED)
TALOS = SETTINGS.talos
assert TALOS is not None, "the shipped stack has machines"
VIP = str(SETTINGS.network.vip)
ADDRESSES = {node.name: str(node.address) for node in TALOS.nodes}
CONTROL_PLANES = {node.name for node in TALOS.control_plane.nodes}


def _talos_calls(recording: Recording) -> list[Recorded]:
    """Resources that talk to the API of a node."""
    return [
        *recording.of_type("talos:machine/configurationApply:ConfigurationApply"),
        *recording.of_type("talos:machine/bootstrap:Bootstrap"),
        *recording.of_type("talos:cluster/kubeconfig:Kubeconfig"),
    ]


@pytest.mark.failure("api-behind-its-own-vip")
def test_no_node_is_reached_through_the_vip(program: Recording) -> None:
    for one in _talos_calls(program):
        reached = {one.get("node"), one.get("endpoint")} - {None}
        assert reached <= set(ADDRESSES.values()), f"{one}: before bootstrap nobody holds {VIP}"


def test_every_node_is_configured_at_its_own_address(program: Recording) -> None:
    found = {
        one.get("node"): one.get("endpoint")
        for one in program.of_type("talos:machine/configurationApply:ConfigurationApply")
    }
    assert found == {address: address for address in ADDRESSES.values()}, "each by itself"


def test_bootstrap_happens_on_the_first_control_plane_after_all_are_configured(program: Recording) -> None:
    bootstrap = program.one("talos:machine/bootstrap:Bootstrap")
    assert TALOS is not None, "the shipped stack has machines"
    assert bootstrap.get("node") == str(TALOS.bootstrap_endpoint), "one that is named, never a chance one"
    for one in program.of_type("talos:machine/configurationApply:ConfigurationApply"):
        if one.get("node") in {ADDRESSES[name] for name in CONTROL_PLANES}:
            assert program.is_after(bootstrap, one), f"{one}: etcd waits for its members"


def test_a_node_is_configured_once_its_machine_is_there_and_again_when_it_is_replaced(program: Recording) -> None:
    machines = {one.name: one for one in program.of_type("proxmoxve:index/vmLegacy:VmLegacy")}
    assert set(machines) == set(ADDRESSES), "one machine for each node"
    for one in program.of_type("talos:machine/configurationApply:ConfigurationApply"):
        name = next(name for name, address in ADDRESSES.items() if address == one.get("node"))
        assert program.is_after(one, machines[name]), f"{one}: its machine comes first"
        again = machines[name].urn in one.replace_with or one.replacement_trigger is not None
        assert again, f"{one}: a new machine knows nothing"


@pytest.mark.failure("api-gone-first")
def test_the_kubernetes_api_is_used_only_after_it_answered(program: Recording) -> None:
    """And so all that lives in the cluster is removed before any of it goes: a destroy goes the way back."""
    provider = program.one("pulumi:providers:kubernetes")
    assert program.is_after(provider, program.one("talos:machine/bootstrap:Bootstrap")), "the cluster exists"
    assert program.is_after(provider, program.one("command:local:Command")), "and its API answered"
    machines = [*program.of_type("proxmoxve:index/vmLegacy:VmLegacy"), *_talos_calls(program)]
    assert [str(one) for one in machines if not program.is_after(provider, one)] == [], "workers run what removes"


def test_the_gate_of_the_api_asks_the_vip(update: Recording) -> None:
    gate = update.one("command:local:Command")
    texts = [text for _, text, _ in gate.strings()]
    assert any(f"https://{VIP}:6443" in text for text in texts), "what everything after it will use"
    environment = gate.get("environment")
    keys = [name for name in environment if "KEY" in name]
    assert keys, "the gate authenticates itself with a key"
    assert all(gate.is_secret("environment", name) for name in keys), "which no log shows"


def test_the_machine_configuration_is_made_for_the_vip(update: Recording) -> None:
    calls = [call for call in update.calls if call.token == "talos:machine/getConfiguration:getConfiguration"]
    assert len(calls) == len(ADDRESSES), "one for each node"
    assert {call.arguments["clusterEndpoint"] for call in calls} == {f"https://{VIP}:6443"}, "where kubelets register"


def _documents(call_text: str) -> list[dict[str, object]]:
    return [document for document in yaml.safe_load_all(call_text) if document]


def test_only_control_planes_hold_the_vip(update: Recording) -> None:
    for call in update.calls:
        if call.token != "talos:machine/getConfiguration:getConfiguration":
            continue
        texts = call.arguments["configPatches"]
        documents = [document for text in texts for document in _documents(text)]
        holds = [
            document for document in documents if re.search(rf"\b{re.escape(VIP)}\b", str(document.get("name", "")))
        ]
        kind = call.arguments["machineType"]
        vip = [one for one in documents if str(one.get("kind", "")).startswith(("VIP", "Layer2VIP"))] or holds
        assert bool(vip) == (kind == "controlplane"), f"a {kind} {'must' if kind == 'controlplane' else 'must not'}"


def _told(recording: Recording, kind: str) -> list[list[dict[str, object]]]:
    """Documents of this kind in the configuration of each node."""
    calls = [call for call in recording.calls if call.token == "talos:machine/getConfiguration:getConfiguration"]
    texts = ["---\n".join(call.arguments["configPatches"]) for call in calls]
    return [[one for one in _documents(text) if one.get("kind") == kind] for text in texts]


def test_every_node_trusts_the_registry_with_the_authority_that_signs_it(update: Recording) -> None:
    authority = update.stack_outputs.values["caCertificate"]
    trusted = _told(update, "RegistryTLSConfig")
    assert len(trusted) == len(ADDRESSES), "each node pulls images"
    for documents in trusted:
        assert [(one["name"], one["ca"]) for one in documents] == [
            ("registry.test-cluster.agentydragon.com", authority)
        ], "for Harbor's host and no other"


def test_nodes_pull_through_harbor_only_where_the_stack_file_says_so(update: Recording) -> None:
    assert not any(_told(update, "RegistryMirrorConfig")), "the shipped stack has none"
    through = record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")
    told = _told(through, "RegistryMirrorConfig")
    assert told, "the file has nodes"
    for documents in told:
        mirrors = {one["name"]: one["endpoints"] for one in documents}
        endpoint = {"url": "https://registry.home.example.com/v2/hub", "overridePath": True}
        assert mirrors["docker.io"] == [endpoint], "harbor.nodeMirrors"


def test_without_harbor_the_nodes_know_nothing_of_it() -> None:
    without = record_program(preview=False, stack_file=FIXTURES / "valid" / "services-off.yaml")
    told = _told(without, "RegistryTLSConfig")
    assert told, "the file has nodes"
    assert not any(told), "nothing to trust"


@pytest.mark.failure("ballooned-memory")
def test_every_machine_has_the_size_of_its_pool_and_its_own_mac_address(program: Recording) -> None:
    machines = program.of_type("proxmoxve:index/vmLegacy:VmLegacy")
    macs = [one.get("networkDevices", 0, "macAddress") for one in machines]
    assert len(set(macs)) == len(macs), "two machines with one MAC address would take each other's traffic"
    pools = {node.name: pool for pool in talos_of(SETTINGS).pools.values() for node in pool.nodes}
    for one in machines:
        pool = pools[one.name]
        size = (one.get("cpu", "cores"), one.get("memory", "dedicated"), one.get("disks", 0, "size"))
        assert size == (pool.cores, pool.memory, pool.disk), f"{one}"
        assert one.get("memory", "floating") == 0, f"{one}: ballooning starves the kubelet"


def test_an_existing_cluster_gets_no_machine_and_no_network_of_ours() -> None:
    recording = record_program(preview=True, stack_file=FIXTURES / "valid" / "existing-cluster.yaml")
    strange = [str(one) for one in recording.resources if one.type.split(":")[0] in ("proxmoxve", "talos", "command")]
    strange += [str(one) for one in recording.components if one.name in ("cilium", "coredns", "proxmox-csi")]
    assert strange == [], "they are there already"
    provider = recording.one("pulumi:providers:kubernetes")
    assert provider.get("context") == "admin@home", "the context of the stack file"
    assert provider.is_secret("kubeconfig"), "its credentials stay secret"


def test_addresses_that_somebody_else_gives_are_looked_at_before_they_are_relied_on(update: Recording) -> None:
    file = FIXTURES / "valid" / "existing-cluster.yaml"
    existing, balancers = record_program(preview=False, stack_file=file), load_stack_file(file).network.load_balancers
    path = "/api/v1/namespaces/{}=address:{}".format
    wanted = {
        path("traefik/services/traefik", balancers.ingress),
        path("vault/services/vault-api", balancers.vault),
    }
    assert _looked_at(existing) == wanted, "they give what they like, and names would lead elsewhere"
    assert _looked_at(update) == set(), "Cilium gives what it is asked for"


def _looked_at(recording: Recording) -> set[str]:
    jobs = recording.of_type("kubernetes:batch/v1:Job")
    return {one for job in jobs for one in environment(job).get("OBJECTS", "").split(",") if "=address:" in one}


@pytest.mark.failure("disks-detached")
def test_no_ignored_change_is_a_wildcard(program: Recording) -> None:
    wild = [str(one) for one in program.resources if any("*" in path for path in one.ignore_changes)]
    assert wild == [], "the Terraform bridge compares ignored paths literally, so such a path ignores nothing"


@pytest.mark.failure("timeouts-that-do-not-nest")
def test_timeouts_stand_where_the_provider_reads_them(program: Recording) -> None:
    bridged = [*program.of_type("proxmoxve:*"), *program.of_type("talos:*")]
    assert bridged, "the program has machines"
    deaf = [str(one) for one in bridged if one.timeouts]
    assert deaf == [], "these resources have inputs of their own for it and never see `custom_timeouts`"
