"""Addresses: LoadBalancer Services get theirs from a pool, and only then somebody answers there."""

import pytest

from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.kubernetes.nodes import CONTROL_PLANE
from lab.providers.talos.nodes import NODES
from tests.lab.bench import Bench, job, pod, refuses


def with_pool(kube: Bench, *, announced: bool = True) -> None:
    kube.release("cilium", "kube-system")
    blocks = [{"start": "192.0.2.10", "stop": "192.0.2.12"}]
    kube.object("cilium.io/v2", "CiliumLoadBalancerIPPool", "pool", spec={"blocks": blocks})
    if announced:
        kube.object("cilium.io/v2alpha1", "CiliumL2AnnouncementPolicy", "all", spec={"loadBalancerIPs": True})


def balancer(kube: Bench, name: str, address: str | None = None) -> str:
    metadata = {"annotations": {"lbipam.cilium.io/ips": address}} if address else {}
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


def test_an_ingress_needs_a_controller_and_its_service(kube: Bench) -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    spec = {"ingressClassName": "traefik", "rules": [{"host": "a.example", "http": {"paths": [path]}}]}
    with refuses("No matching service found.*loadBalancer field was not updated", InitFailedError):
        kube.object("networking.k8s.io/v1", "Ingress", "web", "shop", spec=spec)
    with_pool(kube)
    kube.namespace("traefik")
    kube.release("traefik", "traefik", {"service": {"annotations": {"lbipam.cilium.io/ips": "192.0.2.12"}}})
    kube.object("v1", "Service", "web", "shop", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})
    result = kube.object("networking.k8s.io/v1", "Ingress", "again", "shop", spec=spec)
    published = result.outputs["status"]["loadBalancer"]["ingress"]
    assert published == [{"ip": "192.0.2.12"}], "the controller publishes its own address"


def test_a_name_leads_pods_to_its_address_and_the_ports_there(kube: Bench) -> None:
    with_pool(kube)
    ssh = {"service": {"ssh": {"type": "LoadBalancer", "annotations": {"lbipam.cilium.io/ips": "192.0.2.11"}}}}
    kube.release("gitea", "shop", ssh)
    corefile = "hosts {\n    192.0.2.11 ssh.example\n    192.0.2.12 web.example\n}\n"
    kube.object("v1", "ConfigMap", "coredns", "kube-system", data={"Corefile": corefile})
    assert locate(kube.cluster, "ssh://git@ssh.example:22", "shop").chart == "gitea", "there it listens"
    with pytest.raises(UnreachableError, match="connection refused"):
        locate(kube.cluster, "https://ssh.example/", "shop")
    with pytest.raises(UnreachableError, match="no route to host"):
        locate(kube.cluster, "ssh://git@web.example:22", "shop")


def node(kube: Bench, kind: str, **cluster: bool) -> None:
    config = {"machine": {"type": kind, "nodeLabels": {"zone": "a"}}, "cluster": cluster}
    kube.world.put(NODES, kind, {"config": config})


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


def test_pods_wait_for_a_node_without_the_taint_of_control_planes(kube: Bench) -> None:
    node(kube, "controlplane")
    with refuses("untolerated taint.*control-plane", InitFailedError):
        kube.object("batch/v1", "Job", "work", "shop", spec=job(pod()))
    node(kube, "controlplane", allowSchedulingOnControlPlanes=True)
    kube.object("batch/v1", "Job", "again", "shop", spec=job(pod()))
