"""What doctor says of a cluster that is already there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.program import secret_values
from tests.tools.doctor.conftest import SETTINGS
from tools.cluster import ClusterError
from tools.doctor import existing
from tools.doctor.findings import Finding, UnaskedError
from tools.doctor.site import Site

EXISTING = load_stack_file(FIXTURES / "valid" / "existing-cluster.yaml")


def named(name: str, **annotations: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": {key.replace("_", "/"): one for key, one in annotations.items()}}}


def service(name: str, *addresses: str) -> dict[str, Any]:
    namespace, _, name = name.partition("/")
    ingress = {"ingress": [{"ip": address} for address in addresses]} if addresses else {}
    metadata = {"namespace": namespace, "name": name}
    return {"metadata": metadata, "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": ingress}}


@dataclass
class There:
    """An API server that has these objects."""

    version: str = "v1.33.4+k3s1"
    classes: tuple[Any, ...] = (named("longhorn"),)
    ingresses: tuple[Any, ...] = ()
    services: tuple[Any, ...] = (service("web/shop", "10.2.3.9"),)

    def get(self, path: str) -> dict[str, Any]:
        if path == "/version":
            return {"gitVersion": self.version}
        of = {"storageclasses": self.classes, "ingressclasses": self.ingresses, "services": self.services}
        return {"items": list(of[path.rpartition("/")[2]])}


Look = Callable[..., list[Finding]]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Look:
    def found(**there: Any) -> list[Finding]:
        monkeypatch.setattr(existing, "api", lambda kubeconfig, context: There(**there))
        return list(existing.cluster(Site(settings=EXISTING, secrets=secret_values())))

    return found


def told(findings: list[Finding]) -> list[str]:
    return [f"{one.status.value}: {one.detail}" for one in findings]


def test_a_cluster_with_everything_is_fine(look: Look) -> None:
    found = told(look())
    assert found == [
        "ok: Kubernetes v1.33.4+k3s1",
        "ok: StorageClass longhorn",
        "ok: IngressClass traefik is free",
        "ok: 1 Services of type LoadBalancer have an address",
    ]
    one_waits = (service("web/shop", "10.2.3.9"), service("web/new"))
    assert {one.fix for one in look(services=one_waits)} == {""}, "somebody gives addresses; one may be on its way"


@pytest.mark.parametrize(
    ("there", "says", "fix"),
    [
        ({"version": "v1.30.2"}, "it runs Kubernetes v1.30.2", "upgrade"),
        ({"classes": (named("standard"),)}, "no StorageClass longhorn (storage.className)", "it has standard"),
        ({"classes": ()}, "no StorageClass longhorn", "install a driver"),
        (
            {"ingresses": (named("traefik", **{"meta.helm.sh_release-namespace": "kube-system"}),)},
            "IngressClass traefik is that of kube-system",
            "--disable=traefik",
        ),
        ({"ingresses": (named("traefik"),)}, "nobody that Helm knows", "remove"),
        ({"services": (service("web/shop"),)}, "no load balancer serves web/shop", "try-locally"),
        (
            {"services": (service("vault/vault-api", "10.2.3.8"),)},
            "vault/vault-api has 10.2.3.8, and the stack file says 10.2.3.4",
            "network.loadBalancers",
        ),
    ],
    ids=["old", "another class", "no class", "Traefik of k3s", "by hand", "no balancers", "another address"],
)
def test_what_the_platform_would_miss_is_told_before(there: dict[str, Any], says: str, fix: str, look: Look) -> None:
    (failure,) = [one for one in look(**there) if one.fix]
    assert says in failure.detail
    assert fix in failure.fix


def test_its_own_traefik_is_no_stranger_and_silence_no_defect(look: Look) -> None:
    own = named("traefik", **{"meta.helm.sh_release-namespace": "traefik"})
    found = told(look(ingresses=(own,), services=()))
    assert found[2:] == [
        "ok: IngressClass traefik is its own",
        "skipped: no Service of type LoadBalancer is there yet that would show who gives addresses",
    ]


def test_who_cannot_be_asked_is_no_riddle(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: Any, path: str) -> dict[str, Any]:
        raise ClusterError(f"https://k3d:6443 answers 401 for {path}")

    monkeypatch.setattr(There, "get", silent)
    (failure,) = look()
    assert "answers 401" in failure.detail
    assert "kubeconfig" in failure.fix
    with pytest.raises(UnaskedError, match="makes its cluster itself"):
        list(existing.cluster(Site(settings=SETTINGS, secrets=secret_values())))
    with pytest.raises(UnaskedError, match="kubeconfig is not known"):
        list(existing.cluster(Site(settings=EXISTING)))
