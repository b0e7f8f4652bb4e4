"""Whether an object is ready, by its own status; forms are those of the Kubernetes API and of the definitions."""

from typing import Any

import pytest

from tools.cluster import ClusterError
from tools.status.live import problem
from tools.status.objects import problems, wanted

READY = {"type": "Ready", "status": "True"}


def of(kind: str, spec: Any = None, **status: Any) -> dict[str, Any]:
    return {"kind": kind, "spec": spec or {}, "status": status}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (of("Job", conditions=[{"type": "Complete", "status": "True"}]), ""),
        (of("Job", active=1), "it still runs"),
        (of("Job", conditions=[{"type": "Failed", "status": "True", "message": "no login"}]), "no login"),
        (of("Deployment", {"replicas": 2}, readyReplicas=1), "1 of 2 pods are ready"),
        (of("Deployment", {"replicas": 0}), ""),
        (of("StatefulSet", {}), "0 of 1 pods are ready"),
        (of("DaemonSet", desiredNumberScheduled=3, numberReady=3), ""),
        (of("DaemonSet", desiredNumberScheduled=3, numberReady=2), "2 of 3 pods are ready"),
        (of("Service", {"type": "LoadBalancer"}, loadBalancer={}), "no load balancer gave it an address"),
        (of("Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": [{"ip": "10.2.3.2"}]}), ""),
        (of("Service", {"type": "ClusterIP"}), ""),
        (of("Certificate", conditions=[READY, {"type": "Issuing", "status": "False"}]), ""),
        (of("ExternalSecret", conditions=[{"type": "Ready", "status": "False", "reason": "Sealed"}]), "Sealed"),
        (of("CiliumLoadBalancerIPPool"), ""),
    ],
)
def test_an_object_says_whether_it_is_ready(found: dict[str, Any], says: str) -> None:
    assert problem(found) == says


class There:
    """An API server with these lists."""

    def __init__(self, **lists: list[dict[str, Any]]) -> None:
        self.lists = lists
        self.asked: list[str] = []

    def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        return {"kind": "List", "items": self.lists.get(path.rpartition("/")[2], [])}


def resource(kind: str, urn: str, **outputs: Any) -> dict[str, Any]:
    return {"urn": f"urn::{urn}", "type": kind, "outputs": outputs or {"metadata": {"name": urn, "namespace": "shop"}}}


def test_objects_are_asked_for_by_lists_and_missing_ones_are_gone() -> None:
    state = [
        resource("kubernetes:apps/v1:Deployment", "web"),
        resource("kubernetes:apps/v1:Deployment", "lost"),
        resource("kubernetes:core/v1:ConfigMap", "settings"),
        resource("kubernetes:networking.k8s.io/v1:Ingress", "web"),
        resource("kubernetes:cilium.io/v2:CiliumNetworkPolicy", "closed"),
        {
            "urn": "urn::chart",
            "type": "kubernetes:helm.sh/v3:Release",
            "outputs": {"name": "vault", "namespace": "shop"},
        },
    ]
    annotations = {"meta.helm.sh/release-name": "vault"}
    there = There(
        deployments=[{"kind": "Deployment", "metadata": {"name": "web"}, "status": {"readyReplicas": 1}}],
        statefulsets=[{"kind": "StatefulSet", "metadata": {"name": "vault", "annotations": annotations}}],
        ciliumnetworkpolicies=[{"kind": "CiliumNetworkPolicy", "metadata": {"name": "closed"}}],
    )
    assert problems(there, wanted(state)) == {
        "urn::lost": "it is gone from the cluster",
        "urn::chart": "vault: 0 of 1 pods are ready",
    }
    assert sorted(there.asked) == [
        "/apis/apps/v1/namespaces/shop/daemonsets",
        "/apis/apps/v1/namespaces/shop/deployments",
        "/apis/apps/v1/namespaces/shop/statefulsets",
        "/apis/cilium.io/v2/namespaces/shop/ciliumnetworkpolicies",
    ], "each list once; what has no status is not asked for"


def test_what_is_not_listed_says_why_and_silence_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    release = {
        "urn": "urn::chart",
        "type": "kubernetes:helm.sh/v3:Release",
        "outputs": {"name": "vault", "namespace": "shop"},
    }
    objects = wanted([release, resource("kubernetes:example.com/v1:Box", "box")])
    other = {"metadata": {"name": "other", "annotations": {"meta.helm.sh/release-name": "other"}}}
    there = There(statefulsets=[{"kind": "StatefulSet", **other}], boxes=[{"metadata": {"name": "box"}}])
    assert problems(there, objects) == {}, "that of another release is not asked"

    def refuse(said: str) -> None:
        def get(_: There, path: str) -> dict[str, Any]:
            raise ClusterError(said)

        monkeypatch.setattr(There, "get", get)

    refuse("https://api answers 404")
    assert problems(there, objects) == {"urn::box": "https://api answers 404"}, "of a release nobody knows what it has"
    refuse("nobody is there")
    with pytest.raises(ClusterError):
        problems(there, objects)
