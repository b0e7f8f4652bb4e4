"""The Kubernetes API that a state speaks of: whether it answers, Helm's records in it, and the volumes behind it."""

import base64
import contextlib
import gzip
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from doubles.certificates import Authority
from doubles.loopback import Double, Reply, Request, serving
from tests.tools.stack_state import secret as secret_value
from tools import cluster
from tools.cluster import Api, ClusterError, Volume, api, api_of, lives_in_cluster
from tools.helm_release import HelmRelease

Serve = Callable[[Mapping[str, Reply]], contextlib.AbstractContextManager[tuple[Api, Double]]]
SECRETS = "/api/v1/namespaces/gitea/secrets"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PAUSE_SECONDS", 0.0)


def kubeconfig(server: str, authority: bytes, certificate: bytes = b"", key: bytes = b"") -> str:
    """As Talos writes it."""
    user = {"client-certificate-data": certificate, "client-key-data": key}
    return yaml.safe_dump(
        {
            "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority-data": _b64(authority)}}],
            "users": [{"name": "u", "user": {name: _b64(value) for name, value in user.items() if value}}],
            "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "k",
        }
    )


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """An API server that takes only clients of its CA, and a client that has the kubeconfig of an administrator."""
    authority = Authority("kubernetes")
    certificate, key = authority.issue("kube-apiserver")
    (tmp_path / "server.pem").write_bytes(certificate + key)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem.decode())
    tls.load_cert_chain(tmp_path / "server.pem")
    tls.verify_mode = ssl.CERT_REQUIRED

    @contextlib.contextmanager
    def running(replies: Mapping[str, Reply]) -> Iterator[tuple[Api, Double]]:
        def respond(request: Request) -> Reply:
            return replies.get(f"{request.method} {request.path.partition('?')[0]}", Reply(404))

        with serving(respond, tls) as double:
            yield api(kubeconfig(double.url, authority.pem, *authority.issue("admin"))), double

    return running


def secret(revision: int, status: str) -> dict[str, Any]:
    """A revision as Helm 3 stores it (pkg/storage/driver/secrets.go)."""
    record = {
        "name": "gitea",
        "namespace": "gitea",
        "version": revision,
        "info": {"status": status, "description": "Initial install underway", "first_deployed": "2026-11-26"},
        "chart": {"metadata": {"name": "gitea", "version": "12.6.0"}},
        "config": {"password": "of nobody's business"},
    }
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
    labels = {"owner": "helm", "name": "gitea", "status": status, "version": str(revision)}
    name = f"sh.helm.release.v1.gitea.v{revision}"
    return {"metadata": {"name": name, "labels": labels, "resourceVersion": "7"}, "data": {"release": packed}}


@pytest.mark.parametrize("status", [200, 401, 403, 404])
def test_any_answer_of_a_healthy_server_counts(serve: Serve, status: int) -> None:
    with serve({"GET /readyz": Reply(status)}) as (asked, _):
        assert asked.silence() is None, "whether the login is still good is another question"


def test_a_server_in_trouble_does_not_count_and_is_asked_again(serve: Serve) -> None:
    with serve({"GET /readyz": Reply(500)}) as (asked, double):
        assert asked.silence() == f"{double.url} does not answer: HTTP 500", "the reason is told"
    assert len(double.requests) == cluster.ATTEMPTS, "an address that moves gets its time"


def test_nobody_there_and_another_cluster_there_are_told_apart(serve: Serve) -> None:
    with serve({"GET /readyz": Reply()}) as (asked, double):
        stranger = api(kubeconfig(double.url, Authority("another").pem))
        assert "CERTIFICATE_VERIFY_FAILED" in (stranger.silence() or ""), "what answers there is not this cluster"
    assert "refused" in (asked.silence() or ""), "the server is gone"


def test_the_newest_revision_is_read_and_marked_as_helm_marks_an_interrupted_one(serve: Serve) -> None:
    items = {"items": [secret(10, "pending-upgrade"), secret(9, "deployed")]}
    patched = f"{SECRETS}/sh.helm.release.v1.gitea.v10"
    with serve({f"GET {SECRETS}": Reply(body=items), f"PATCH {patched}": Reply(body={})}) as (asked, double):
        found = asked.newest("gitea", "gitea")
        assert found == HelmRelease(
            namespace="gitea", name="gitea", revision=10, status="pending-upgrade", chart="gitea", version="12.6.0"
        ), "ten comes after nine"
        assert found.pending, "Helm refuses any other upgrade"
        asked.mark_failed(found)
    sent = double.requests[-1]
    assert sent.headers["Content-Type"] == "application/merge-patch+json", "the rest of the object stays"
    patch = json.loads(sent.body)
    assert patch["metadata"] == {"resourceVersion": "7", "labels": {"status": "failed"}}, "if nobody wrote since"
    record = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(patch["data"]["release"]))))
    assert record["info"]["status"] == "failed", "the record says what the label says"
    assert record["info"]["first_deployed"] == "2026-11-26", "and nothing of it is lost"
    assert record["config"] == {"password": "of nobody's business"}, "the values least of all"


def test_a_release_that_helm_does_not_know_is_none(serve: Serve) -> None:
    with serve({f"GET {SECRETS}": Reply(body={"items": []})}) as (asked, _):
        assert asked.newest("gitea", "gitea") is None, "its installation never began"


def test_a_refusal_names_the_server_and_what_was_asked(serve: Serve) -> None:
    with serve({f"GET {SECRETS}": Reply(401)}) as (asked, double), pytest.raises(ClusterError) as refused:
        asked.newest("gitea", "gitea")
    assert str(refused.value) == f"{double.url} answers 401 for {SECRETS}", "the login may have expired"


def test_volumes_of_csi_drivers_are_listed_with_their_claims(serve: Serve) -> None:
    volume = {
        "metadata": {"name": "pvc-1"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": "gitea", "name": "gitea-data"},
            "csi": {"driver": "csi.proxmox.sinextra.dev", "volumeHandle": "home/pve/local-lvm/vm-9999-pvc-1"},
        },
    }
    local = {"metadata": {"name": "l"}, "spec": {"local": {"path": "/x"}}}
    with serve({"GET /api/v1/persistentvolumes": Reply(body={"items": [volume, local]})}) as (asked, _):
        assert asked.volumes() == [
            Volume(
                name="pvc-1",
                claim="gitea/gitea-data",
                size="10Gi",
                policy="Retain",
                handle="home/pve/local-lvm/vm-9999-pvc-1",
            )
        ], "what lies on a node goes with the node"


def test_the_kubeconfig_is_that_of_the_states_provider() -> None:
    text = kubeconfig("https://192.0.2.1:6443/", Authority("kubernetes").pem)
    provider = {"type": cluster.PROVIDER, "inputs": {"kubeconfig": secret_value(text)}}
    found = api_of({"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, provider]}})
    assert found is not None, "there is one"
    assert found.server == "https://192.0.2.1:6443", "what the provider uses when the program does not run"
    assert api_of({"deployment": {"resources": [{**provider, "inputs": {}}]}}) is None, "not known yet"
    with pytest.raises(ClusterError, match="cannot be used"):
        api("contexts: []")


def test_something_that_was_only_begun_lives_in_the_cluster_too() -> None:
    release = {"type": "kubernetes:helm.sh/v3:Release", "custom": True}
    assert not lives_in_cluster({"deployment": {"resources": [{"type": cluster.PROVIDER, "custom": True}]}}), "nothing"
    assert lives_in_cluster({"deployment": {"resources": [release]}}), "a release"
    assert lives_in_cluster({"deployment": {"pending_operations": [{"resource": release}]}}), "one that was begun"
