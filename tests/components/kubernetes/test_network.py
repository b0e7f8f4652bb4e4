"""Cilium, CoreDNS and Traefik."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

import pulumi
import pytest

from components.kubernetes.cilium import Announcing, Cilium, CiliumArgs
from lib.charts import Catalogue
from settings.infrastructure import ExistingCluster, LoadBalancers, NodeNetwork
from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording
from tests.support.objects import environment
from tests.support.pools import talos_of
from tests.support.program import STACK_FILE

RELEASE = "kubernetes:helm.sh/v3:Release"
JOB = "kubernetes:batch/v1:Job"
POOL = "kubernetes:cilium.io/v2:CiliumLoadBalancerIPPool"
POLICY = "kubernetes:cilium.io/v2alpha1:CiliumL2AnnouncementPolicy"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_stack_file(STACK_FILE)


def build(
    settings: Settings, nodes: int = 6, network: NodeNetwork | None = None, announcing: Announcing = "workers"
) -> Callable[[pulumi.ResourceOptions], None]:
    def program(opts: pulumi.ResourceOptions) -> None:
        args = CiliumArgs(
            chart=Catalogue()["cilium"],
            network=network or settings.network.of_nodes,
            nodes=[f"node{index}" for index in range(nodes)],
            announcing=announcing,
        )
        Cilium("cilium", args, opts)

    return program


@pytest.fixture(scope="module")
def cilium(update: Recording) -> Recorded:
    return update.one(RELEASE, "cilium-release")


@pytest.mark.failure("network-plugin-behind-the-vip")
def test_cilium_reaches_the_api_without_the_virtual_address(cilium: Recorded, settings: Settings) -> None:
    assert str(settings.network.vip) not in str(cilium.inputs), "a failing control plane takes it along"


@pytest.mark.failure("forbidden-by-talos")
def test_no_container_asks_for_what_talos_forbids(cilium: Recorded) -> None:
    capabilities = cilium.get("values", "securityContext", "capabilities")
    assert all("SYS_MODULE" not in granted for granted in capabilities.values()), "Talos loads no modules for pods"


@pytest.mark.parametrize(("nodes", "replicas"), [(1, 1), (2, 2), (6, 2)])
def test_there_are_never_more_operators_than_nodes(settings: Settings, nodes: int, replicas: int) -> None:
    release = record_component(build(settings, nodes)).one(RELEASE, "cilium-release")
    assert release.get("values", "operator", "replicas") == replicas, (
        "two never share a node, so one would wait for ever"
    )


def test_objects_of_the_operators_kinds_come_after_the_gate_that_sees_them(update: Recording, cilium: Recorded) -> None:
    gate = update.one(JOB, "cilium-gate")
    assert update.is_after(gate, cilium), "the operator is part of the release"
    for one in (*update.of_type(POOL), update.one(POLICY)):
        assert update.is_after(one, gate), "the chart does not bring these kinds"


def watched(update: Recording) -> set[str]:
    return set(environment(update.one(JOB, "cilium-gate"))["OBJECTS"].split(","))


@pytest.mark.failure("stale-conditions")
def test_the_gate_waits_for_exactly_the_kinds_that_are_created(update: Recording) -> None:
    prefix = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
    names = {one.removeprefix(prefix).partition(".")[0] for one in watched(update) if one.startswith(prefix)}
    # The third is made later, by the network policy of Vault.
    kinds = {update.of_type(one)[0].get("kind").lower() for one in (POOL, POLICY)} | {"ciliumnetworkpolicy"}
    assert {name.removesuffix("ies").removesuffix("s") for name in names} == {
        kind.removesuffix("y") for kind in kinds
    }, "a kind that is not waited for is a race"


def test_every_node_must_be_ready(update: Recording, settings: Settings) -> None:
    nodes = {one for one in watched(update) if one.startswith("/api/v1/nodes/")}
    assert nodes == {f"/api/v1/nodes/{node.name}=Ready" for node in talos_of(settings).nodes}, (
        "Helm is content while some pods of a DaemonSet are missing, so a node could be absent unnoticed"
    )


def test_the_gate_may_read_what_it_waits_for_and_nothing_else(update: Recording) -> None:
    rules = update.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "cilium-gate-role").get("rules")
    allowed = {(rule["apiGroups"][0], rule["resources"][0], name) for rule in rules for name in rule["resourceNames"]}
    paths = {f"/{'apis/' + group if group else 'api'}/v1/{resource}/{name}" for group, resource, name in allowed}
    assert paths == {one.partition("=")[0] for one in watched(update)}, "each by its name"
    assert all(rule["verbs"] == ["get"] for rule in rules), "it changes nothing"
    pod = update.one(JOB, "cilium-gate").get("spec", "template", "spec")
    assert pod["serviceAccountName"] == "cilium-gate", "the permission is bound to this account"
    assert pod["automountServiceAccountToken"] is True, "without a token it is nobody"


def ranges(pool: Recorded) -> list[tuple[IPv4Address, IPv4Address]]:
    return [(IPv4Address(block["start"]), IPv4Address(block["stop"])) for block in pool.get("spec", "blocks")]


def given(pools: Iterable[Recorded]) -> list[int]:
    """Every address that the pools have to give, as often as it is in one."""
    return sorted(one for pool in pools for start, stop in ranges(pool) for one in range(int(start), int(stop) + 1))


@pytest.mark.parametrize("last", [20, 5, 4], ids=["room", "no gap at the end", "no room"])
def test_every_address_of_the_stack_file_is_in_one_pool(settings: Settings, last: int) -> None:
    addresses = {"first": 2, "last": last, "ingress": 2, "vault": 3, "git_ssh": 4}
    balancers = LoadBalancers.model_validate({name: f"10.2.3.{octet}" for name, octet in addresses.items()})
    network = settings.network.model_copy(update={"load_balancers": balancers}).of_nodes
    pools = record_component(build(settings, network=network)).of_type(POOL)
    assert given(pools) == list(range(int(network.pool[0]), int(network.pool[1]) + 1)), (
        "one outside may belong to another machine, and Cilium disables the newer of two pools that overlap"
    )
    assert all(ranges(pool) for pool in pools), "a pool has something to give"


@pytest.mark.failure("address-taken")
def test_an_address_that_is_meant_for_a_service_is_given_to_no_other(update: Recording, settings: Settings) -> None:
    balancers = settings.network.load_balancers
    holders = {
        (str(start), str(stop)): pool.get("spec", "serviceSelector", "matchLabels")
        for pool in update.of_type(POOL)
        for start, stop in ranges(pool)
        if pool.get("spec", "serviceSelector") is not None
    }
    services: dict[IPv4Address | None, str] = {
        balancers.ingress: "traefik",
        balancers.vault: "vault-api",
        balancers.git_ssh: "gitea-ssh",
    }
    services |= {balancers.dns: "powerdns", balancers.dns_internet: "powerdns-internet"}
    assert {ends: labels["io.kubernetes.service.name"] for ends, labels in holders.items()} == {
        (str(address), str(address)): service for address, service in services.items()
    }, "Traefik and Gitea off and on again, and a stranger has their address"
    assert all(labels["io.kubernetes.service.namespace"] for labels in holders.values()), "anybody may use the name"


def test_what_becomes_reserved_leaves_the_common_pool_last(update: Recording) -> None:
    common = update.one(POOL, "cilium-pool")
    for setting in ("ingress", "vault", "git-ssh", "dns", "dns-internet"):
        assert update.is_after(common, update.one(POOL, f"cilium-pool-{setting}")), (
            "between the two its Service has no address"
        )


@pytest.mark.failure("arp-everywhere")
@pytest.mark.parametrize(
    ("announcing", "operators"), [("workers", ["DoesNotExist"]), ("control-planes", ["Exists"]), ("every-node", [])]
)
def test_nodes_that_carry_workloads_announce(settings: Settings, announcing: Announcing, operators: list[str]) -> None:
    spec = record_component(build(settings, announcing=announcing)).one(POLICY).get("spec")
    matches = spec.get("nodeSelector", {}).get("matchExpressions", [])
    assert [one["operator"] for one in matches] == operators, "without a selector all nodes answer"


def test_dns_has_the_address_that_kubelets_hand_out(update: Recording, settings: Settings) -> None:
    service = update.one("kubernetes:core/v1:Service", "coredns-service")
    assert service.get("spec", "clusterIP") == str(settings.network.of_nodes.cluster_dns), "every pod asks this address"


def test_dns_starts_with_a_network_and_its_permission(update: Recording, cilium: Recorded) -> None:
    deployment = update.one("kubernetes:apps/v1:Deployment", "coredns")
    binding = update.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "coredns-binding")
    assert update.is_after(deployment, cilium), "its pods would wait for a network"
    assert update.is_after(deployment, binding), "its pods would never become ready"


def test_traefik_gets_the_address_that_every_host_resolves_to(update: Recording, settings: Settings) -> None:
    annotations = update.one(RELEASE, "traefik-release").get("values", "service", "annotations")
    assert annotations == {"lbipam.cilium.io/ips": str(settings.network.load_balancers.ingress)}, (
        "without the request it gets the next free address"
    )


def test_traefik_waits_for_a_pool_to_take_its_address_from(update: Recording) -> None:
    release = update.one(RELEASE, "traefik-release")
    for pool in update.of_type(POOL):
        assert update.is_after(release, pool), "its Service would wait for an address in vain"


@pytest.mark.parametrize("annotation", [None, "metallb.io/loadBalancerIPs"])
def test_an_existing_cluster_is_asked_for_an_address_in_its_own_words(annotation: str | None) -> None:
    existing = load_stack_file(FIXTURES / "valid" / "existing-cluster.yaml")
    told = ExistingCluster(context="admin@home", address_annotation=annotation)
    settings = existing.model_copy(update={"cluster": existing.cluster.model_copy(update={"existing": told})})
    asked = settings.asking_for(settings.network.load_balancers.ingress)
    assert asked == ({annotation: "10.2.3.2"} if annotation else {}), "Cilium's annotation means nothing to others"


def test_no_entry_point_passes_a_header_that_a_backend_takes_for_another(update: Recording) -> None:
    values = update.one(RELEASE, "traefik-release").get("values")
    wanted = {f"--entryPoints.{name}.http.aliasHeadersStrategy=delete" for name in values["ports"]}
    assert wanted <= set(values["additionalArguments"]), "X_authentik_username and X.authentik.username are forgeries"
    release = tuple(int(part) for part in values["image"]["tag"].removeprefix("v").split("."))
    assert release >= (3, 7, 12), "an older Traefik does not start with an option that it does not know"


def test_the_namespace_lets_in_what_the_release_listens_on(update: Recording) -> None:
    policy = update.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "traefik-namespace-ingress")
    open_ports = {port["port"] for rule in policy.get("spec", "ingress") for port in rule.get("ports", [])}
    ports = update.one(RELEASE, "traefik-release").get("values", "ports")
    assert open_ports == {ports["web"]["port"], ports["websecure"]["port"], 9100}, "policies see the ports of pods"
