"""Machine configuration: what each role says, and what it must not say."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pytest
import yaml

from components.talos.config import LINK, NodeRole, mirrors, patches, to_yaml
from lib.addresses import mac_address
from settings.infrastructure import NodeNetwork
from settings.model import Settings
from settings.pools import Node
from stack_file.load import load_stack_file
from tests.support.pools import with_pool
from tests.support.program import STACK_FILE

INSTALLER = "factory.test/nocloud-installer/abc:v1.13.7"
MIRRORS = {
    "ghcr.io": ("https://registry.test/v2/ghcr-proxy",),
    "docker.io": ("https://mirror.test/", "https://registry.test/v2/hub-proxy"),
}
# Accepted on control planes only (pkg/machinery v1.13.0, validation of the v1alpha1 configuration).
CONTROL_PLANE_KEYS = ("apiServer", "controllerManager", "scheduler", "etcd", "coreDNS", "adminKubeconfig")


@dataclass(frozen=True)
class Configured:
    """Patches of one node, parsed."""

    node: Node
    role: NodeRole
    documents: tuple[dict[str, Any], ...]

    @property
    def machine(self) -> dict[str, Any]:
        """The v1alpha1 configuration that the patches without a kind add up to."""
        return reduce(_merged, (one for one in self.documents if "kind" not in one), {})

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.documents if one.get("kind") == kind]


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for key, value in other.items():
        both[key] = _merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def configured(settings: Settings) -> Iterator[Configured]:
    assert settings.talos is not None, "the stack file describes Talos nodes"
    assert settings.proxmox is not None, "the stack file describes their hosts"
    pools = {NodeRole.CONTROL_PLANE: settings.talos.control_plane.nodes, NodeRole.WORKER: settings.talos.worker_nodes}
    for role, pool in pools.items():
        for node in pool:
            texts = patches(
                network=settings.network.of_nodes,
                region=settings.proxmox.region,
                node=node,
                role=role,
                carries_workloads=settings.talos.schedulable,
                installer=INSTALLER,
                registry_mirrors=MIRRORS,
            )
            yield Configured(node, role, tuple(document for text in texts for document in yaml.safe_load_all(text)))


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file(STACK_FILE)


@pytest.fixture(scope="module")
def network(settings: Settings) -> NodeNetwork:
    return settings.network.of_nodes


@pytest.fixture(scope="module")
def nodes(settings: Settings) -> list[Configured]:
    return list(configured(settings))


def test_every_node_says_what_was_decided(nodes: list[Configured], network: NodeNetwork) -> None:
    common: dict[tuple[str, ...], tuple[Any, str]] = {
        ("cluster", "network", "cni"): ({"name": "none"}, "Cilium has the network to itself"),
        ("cluster", "proxy"): ({"disabled": True}, "Cilium replaces kube-proxy"),
        ("cluster", "network", "podSubnets"): ([str(network.pods)], "of the stack file"),
        ("cluster", "network", "serviceSubnets"): ([str(network.services)], "of the stack file"),
        ("machine", "install", "image"): (INSTALLER, "the stock installer has no extensions"),
    }
    control_plane: dict[tuple[str, ...], tuple[Any, str]] = {
        ("cluster", "coreDNS"): ({"disabled": True}, "two writers of the Service kube-dns"),
        ("cluster", "apiServer", "certSANs"): ([str(network.vip)], "every kubeconfig names the VIP"),
    }
    for node in nodes:
        facts = common | (control_plane if node.role is NodeRole.CONTROL_PLANE else {})
        for path, (expected, reason) in facts.items():
            said = reduce(lambda part, step: part[step], path, node.machine)
            assert said == expected, f"{node.node.name}: {path}: {reason}"


def test_workers_say_nothing_that_only_control_planes_may_say(nodes: list[Configured]) -> None:
    for node in nodes:
        if node.role is NodeRole.WORKER:
            said = [key for key in CONTROL_PLANE_KEYS if key in node.machine["cluster"]]
            assert not said, f"{node.node.name}: Talos refuses the whole configuration for {said}"


@pytest.mark.failure("two-addresses-on-one-card")
def test_each_node_has_exactly_one_address_and_no_dhcp(nodes: list[Configured], network: NodeNetwork) -> None:
    for node in nodes:
        (link,) = node.of_kind("LinkConfig")
        prefix = network.nodes.prefixlen
        assert link["addresses"] == [{"address": f"{node.node.address}/{prefix}"}], (
            f"{node.node.name}: a second address makes the kubelet restart when it changes its mind"
        )
        assert not node.of_kind("DHCPv4Config"), f"{node.node.name}: its address is in the stack file"


def test_addresses_belong_to_the_card_that_proxmox_was_told_to_make(nodes: list[Configured]) -> None:
    for node in nodes:
        (alias,) = node.of_kind("LinkAliasConfig")
        mac = mac_address(node.node.vm_id).lower()
        assert alias["selector"]["match"] == f'mac(link.permanent_addr) == "{mac}"', (
            f"{node.node.name}: Talos prints MAC addresses in lower case, so another spelling matches nothing"
        )
        named = {alias["name"], *(one["name"] for one in node.of_kind("LinkConfig"))}
        named |= {one["link"] for one in node.of_kind("Layer2VIPConfig")}
        assert named == {LINK}, f"{node.node.name}: every document means the same card"


def test_the_virtual_address_never_becomes_a_nodes_own(nodes: list[Configured], network: NodeNetwork) -> None:
    excluded = f"!{network.vip}/32"
    for node in nodes:
        subnets = node.machine["machine"]["kubelet"]["nodeIP"]["validSubnets"]
        assert subnets == [str(network.nodes), excluded], f"{node.node.name}: the VIP lies in the node network"
        if node.role is NodeRole.CONTROL_PLANE:
            advertised = node.machine["cluster"]["etcd"]["advertisedSubnets"]
            assert advertised[-1] == excluded, f"{node.node.name}: etcd peers would follow the VIP to another node"


def test_host_names_are_set_the_one_way_that_this_contract_accepts(nodes: list[Configured]) -> None:
    for node in nodes:
        (hostname,) = node.of_kind("HostnameConfig")
        assert hostname["auto"] == "off", f"{node.node.name}: the generated `auto: stable` refuses a name beside it"
        assert hostname["hostname"] == node.node.name, f"{node.node.name}: Kubernetes names the node after it"
        assert "network" not in node.machine["machine"], f"{node.node.name}: the old form clashes with the documents"


@pytest.mark.failure("quoted-wrongly")
def test_the_word_off_stays_a_word() -> None:
    assert "'off'" in to_yaml({"auto": "off"}), "YAML 1.1 reads a bare off as false, which Talos refuses"


def test_each_node_reaches_the_api_by_itself_and_pods_ask_their_own_dns(nodes: list[Configured]) -> None:
    for node in nodes:
        features = node.machine["machine"]["features"]
        assert features["kubePrism"]["enabled"] is True, "the network plugin asks it"
        assert features["hostDNS"]["forwardKubeDNSToHost"] is False, "CoreDNS asks the resolvers itself"


def test_storage_finds_each_node_where_it_runs(nodes: list[Configured], settings: Settings) -> None:
    assert settings.proxmox is not None, "the stack file names the Proxmox cluster"
    for node in nodes:
        machine = node.machine["machine"]
        assert machine["nodeLabels"]["topology.kubernetes.io/region"] == settings.proxmox.region, (
            f"{node.node.name}: the CSI plugin looks a volume up in the region of its configuration"
        )
        assert machine["nodeLabels"]["topology.kubernetes.io/zone"] == node.node.host, (
            f"{node.node.name}: a volume of another Proxmox host cannot be attached"
        )
        assert machine["kubelet"]["extraArgs"]["provider-id"] == (
            f"proxmox://{settings.proxmox.region}/{node.node.vm_id}"
        ), f"{node.node.name}: the CSI plugin attaches to the VM with this id"


def test_mirrors_keep_the_registry_as_fallback(nodes: list[Configured]) -> None:
    for node in nodes:
        said = {one["name"]: one for one in node.of_kind("RegistryMirrorConfig")}
        assert set(said) == {"docker.io", "ghcr.io"}, f"{node.node.name}: each registry of the stack file"
        for registry, mirror in said.items():
            assert mirror["endpoints"], f"{node.node.name}: {registry} has a mirror"
            assert "skipFallback" not in mirror, f"{node.node.name}: a broken mirror must not stop every pull"
    alone = [one["skipFallback"] for one in mirrors(MIRRORS, fallback=False)]
    assert alone == [True, True], "where nothing reaches the registry, each pull would wait for it"


def test_a_mirror_inside_a_registry_is_asked_under_its_own_path(nodes: list[Configured]) -> None:
    for node in nodes:
        endpoints = {one["url"]: one for mirror in node.of_kind("RegistryMirrorConfig") for one in mirror["endpoints"]}
        assert "overridePath" not in endpoints["https://mirror.test/"], f"{node.node.name}: /v2 is appended as usual"
        for project in ("ghcr-proxy", "hub-proxy"):
            assert endpoints[f"https://registry.test/v2/{project}"]["overridePath"] is True, (
                f"{node.node.name}: a second /v2 behind the project finds nothing"
            )


def test_every_patch_is_a_section_or_a_document_with_its_version(nodes: list[Configured]) -> None:
    for node in nodes:
        for document in node.documents:
            if "kind" not in document:
                assert set(document) <= {"machine", "cluster"}, f"{node.node.name}: {sorted(document)} are no sections"
            else:
                assert document["apiVersion"] == "v1alpha1", f"{node.node.name}: {document['kind']} has no version"


def test_control_planes_carry_workloads_where_nothing_else_can(settings: Settings, nodes: list[Configured]) -> None:
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    for node in nodes:
        assert "allowSchedulingOnControlPlanes" not in node.machine["cluster"], f"{node.node.name}: there are workers"
        assert label not in node.machine["machine"]["nodeLabels"], f"{node.node.name}: Talos sets it, and it stays"
    told = with_pool(settings, "controlPlane", schedulable=True)
    alone = with_pool(settings, "workers.default", nodes=())
    controls = [one for changed in (told, alone) for one in configured(changed) if one.role is NodeRole.CONTROL_PLANE]
    for node in controls:
        assert node.machine["cluster"]["allowSchedulingOnControlPlanes"] is True, f"{node.node.name}: pods would wait"
        assert node.machine["machine"]["nodeLabels"][label] == {"$patch": "delete"}, (
            f"{node.node.name}: with the label no load balancer would send anybody here"
        )


def test_time_comes_from_the_servers_of_the_stack_file(settings: Settings, nodes: list[Configured]) -> None:
    assert not any(node.of_kind("TimeSyncConfig") for node in nodes), "an empty one would say that there is no server"
    network = settings.network.model_copy(update={"time_servers": ("10.2.0.1", "ntp.example.com")})
    for node in configured(settings.model_copy(update={"network": network})):
        (told,) = node.of_kind("TimeSyncConfig")
        assert told["ntp"] == {"servers": ["10.2.0.1", "ntp.example.com"]}, (
            f"{node.node.name}: etcd and the kubelet wait for the time, for ever where no server answers"
        )
