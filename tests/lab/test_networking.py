"""Addresses: LoadBalancer Services get theirs from a pool, and only then somebody answers there."""

from collections.abc import Mapping
from typing import Any

import pytest

from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.kubernetes.nodes import CONTROL_PLANE
from lab.providers.talos.nodes import NODES
from stack_file.load import load_stack_file
from tests.lab.bench import Bench, job, pod, refuses
from tests.support.program import STACK_FILE, record_program

MACHINE = {"nodeLabels": {"zone": "a"}}
REQUEST = "lbipam.cilium.io/ips"


def pool(kube: Bench, name: str, first: str, last: str, **spec: Any) -> None:
    blocks = [{"start": f"192.0.2.{first}", "stop": f"192.0.2.{last}"}]
    kube.object("cilium.io/v2", "CiliumLoadBalancerIPPool", name, spec={"blocks": blocks, **spec})


def with_pool(kube: Bench, *, announced: bool = True) -> None:
    kube.release("cilium", "kube-system")
    pool(kube, "pool", "10", "12")
    if announced:
        kube.object("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "all", spec={"loadBalancerIPs": True})


def balancer(kube: Bench, name: str, address: str | None = None) -> str:
    metadata = {"annotations": {REQUEST: address}} if address else {}
    spec = {"type": "LoadBalancer", "selector": {"app": name}, "ports": [{"port": 80}]}
    result = kube.object("v1", "Service", name, "shop", spec=spec, metadata=metadata)
    return str(result.outputs["status"]["loadBalancer"]["ingress"][0]["ip"])


def test_a_load_balancer_gets_the_address_it_asks_for(kube: Bench) -> None:
    with_pool(kube)
    assert balancer(kube, "web", "192.0.2.11") == "192.0.2.11", "it lies in the pool and is free"
    assert balancer(kube, "other") == "192.0.2.10", "without a wish the first free one"


def test_without_a_pool_a_load_balancer_waits_in_vain(kube: Bench) -> None:
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "web")


def test_an_address_outside_the_pool_is_not_given(kube: Bench) -> None:
    with_pool(kube)
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "web", "192.0.2.99")


def test_an_address_is_given_to_one_service_only(kube: Bench) -> None:
    with_pool(kube)
    balancer(kube, "web", "192.0.2.11")
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "thief", "192.0.2.11")


def denied(kube: Bench, name: str) -> str:
    """Why a Service has no address, as Cilium says it in its status."""
    service = kube.cluster.look("Service", "shop", name)
    assert service is not None, "it is there"
    (condition,) = service["status"]["conditions"]
    assert condition["status"] == "False", "it has none"
    return str(condition["reason"])


def test_a_pool_may_select_who_gets_its_addresses(kube: Bench) -> None:
    with_pool(kube)
    expression = {"key": "io.kubernetes.service.name", "operator": "In", "values": ["web"]}
    only = {"matchLabels": {"io.kubernetes.service.namespace": "shop"}, "matchExpressions": [expression]}
    pool(kube, "web", "20", "20", serviceSelector=only)
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "thief", "192.0.2.20")
    assert denied(kube, "thief") == "pool_selector_mismatch"
    assert balancer(kube, "web", "192.0.2.20") == "192.0.2.20", "it was kept for it"


def test_of_two_pools_that_overlap_the_newer_gives_nothing(kube: Bench) -> None:
    with_pool(kube)
    pool(kube, "newer", "12", "20")
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "web", "192.0.2.20")
    assert denied(kube, "web") == "no_pool"


def test_the_address_of_a_service_that_is_off_waits_for_it(kube: Bench) -> None:
    """Gitea goes, others come, of whom one wants its address, and it comes back."""
    kube.release("cilium", "kube-system")
    pools = record_program(preview=False).of_type("kubernetes:cilium.io/v2:CiliumLoadBalancerIPPool")
    for one in pools:
        kube.object("cilium.io/v2", one.get("kind"), one.get("metadata", "name"), spec=one.get("spec"))
    addresses = load_stack_file(STACK_FILE).network.load_balancers
    ssh = str(addresses.git_ssh)
    first, last = load_stack_file(STACK_FILE).network.of_nodes.pool
    room = int(last) - int(first) + 1 - sum("serviceSelector" in one.get("spec") for one in pools)
    for number in range(room):
        assert balancer(kube, f"other{number}") != ssh, "there are others"
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "thief", ssh)
    assert denied(kube, "thief") == "pool_selector_mismatch"
    with refuses("Service was not allocated an IP address", InitFailedError):
        balancer(kube, "late")
    assert denied(kube, "late") == "out_of_ips"
    kube.namespace("gitea")
    kube.release("gitea", "gitea", {"service": {"ssh": {"type": "LoadBalancer", "annotations": {REQUEST: ssh}}}})
    service = kube.cluster.look("Service", "gitea", "gitea-ssh")
    assert service is not None, "the chart brings it"
    assert service["status"]["loadBalancer"]["ingress"] == [{"ip": ssh}], "it was kept for it"


def test_an_ingress_needs_a_controller_and_its_service(kube: Bench) -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    spec = {"ingressClassName": "traefik", "rules": [{"host": "a.example", "http": {"paths": [path]}}]}
    with refuses("No matching service found.*loadBalancer field was not updated", InitFailedError):
        kube.object("networking.k8s.io/v1", "Ingress", "web", "shop", spec=spec)
    with_pool(kube)
    kube.namespace("traefik")
    kube.release("traefik", "traefik", {"service": {"annotations": {REQUEST: "192.0.2.12"}}})
    kube.object("v1", "Service", "web", "shop", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    result = kube.object("networking.k8s.io/v1", "Ingress", "again", "shop", spec=spec)
    published = result.outputs["status"]["loadBalancer"]["ingress"]
    assert published == [{"ip": "192.0.2.12"}], "the controller publishes its own address"


def test_a_name_leads_pods_to_its_address_and_the_ports_there(kube: Bench) -> None:
    with_pool(kube)
    ssh = {"service": {"ssh": {"type": "LoadBalancer", "annotations": {REQUEST: "192.0.2.11"}}}}
    kube.release("gitea", "shop", ssh)
    corefile = "hosts {\n    192.0.2.11 ssh.example\n    192.0.2.12 web.example\n}\n"
    kube.object("v1", "ConfigMap", "coredns", "kube-system", data={"Corefile": corefile})
    assert locate(kube.cluster, "ssh://git@ssh.example:22", "shop").chart == "gitea", "there it listens"
    with pytest.raises(UnreachableError, match="connection refused"):
        locate(kube.cluster, "https://ssh.example/", "shop")
    with pytest.raises(UnreachableError, match="no route to host"):
        locate(kube.cluster, "ssh://git@web.example:22", "shop")


def node(kube: Bench, kind: str, name: str = "", machine: Mapping[str, Any] = MACHINE, **cluster: bool) -> None:
    config = {"machine": {"type": kind, **machine}, "cluster": cluster}
    kube.world.put(NODES, name or kind, {"config": config})


def test_addresses_are_announced_by_nodes_that_the_policy_selects(kube: Bench) -> None:
    with_pool(kube, announced=False)
    workers = {"matchExpressions": [{"key": CONTROL_PLANE, "operator": "DoesNotExist"}], "matchLabels": {"zone": "a"}}
    policy = {"loadBalancerIPs": True, "nodeSelector": workers}
    kube.object("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "workers", spec=policy)
    kube.release("gitea", "shop", {"service": {"ssh": {"type": "LoadBalancer"}}})
    node(kube, "controlplane", allowSchedulingOnControlPlanes=True)
    with pytest.raises(UnreachableError, match="no route to host"):
        locate(kube.cluster, "ssh://192.0.2.10:22")
    node(kube, "worker")
    assert locate(kube.cluster, "ssh://192.0.2.10:22").chart == "gitea", "somebody answers ARP for it"


@pytest.mark.parametrize(
    "machine", [{"nodeTaints": {"gpu": "NoSchedule"}}, {"nodeLabels": {"zone": "a", "node-role.kubernetes.io/gpu": ""}}]
)
def test_a_worker_has_no_label_where_its_kubelet_may_not_set_a_part(kube: Bench, machine: Mapping[str, Any]) -> None:
    with_pool(kube, announced=False)
    policy = {"loadBalancerIPs": True, "nodeSelector": {"matchLabels": {"zone": "a"}}}
    kube.object("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "zone", spec=policy)
    kube.release("gitea", "shop", {"service": {"ssh": {"type": "LoadBalancer"}}})
    node(kube, "worker", machine={**MACHINE, **machine})
    with pytest.raises(UnreachableError, match="no route to host"):
        locate(kube.cluster, "ssh://192.0.2.10:22")


REGISTERED = {"kubelet": {"extraConfig": {"registerWithTaints": [{"key": "gpu", "effect": "NoSchedule"}]}}}


def test_pods_wait_for_a_node_whose_taints_they_tolerate(kube: Bench) -> None:
    node(kube, "controlplane", allowSchedulingOnControlPlanes=False)
    node(kube, "worker", machine=REGISTERED)
    with refuses("untolerated taint.*: gpu, node-role.kubernetes.io/control-plane", InitFailedError):
        kube.object("batch/v1", "Job", "work", "shop", spec=job(pod()))
    tolerant = pod(tolerations=[{"key": "gpu", "operator": "Exists"}])
    kube.object("batch/v1", "Job", "tolerant", "shop", spec=job(tolerant))
    node(kube, "worker", "other", machine={"nodeTaints": {"gpu": "NoSchedule"}})
    kube.object("batch/v1", "Job", "again", "shop", spec=job(pod()))
