"""Fixtures of the probe scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from doubles.certificates import Authority
from doubles.harbor.content import Harbor
from doubles.loopback import serving
from scripts import cluster_api, gate, harbor_content
from tests.scripts.harbor_site import Clock, Cluster, Site
from tests.support.near import urlopen


@pytest.fixture(scope="session")
def cluster_authority() -> Authority:
    return Authority("kubernetes")


@pytest.fixture
def cluster(cluster_authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """An API server, and the ServiceAccount of the Job."""
    made, account = Cluster(), tmp_path / "account"
    account.mkdir()
    (account / "ca.crt").write_bytes(cluster_authority.pem)
    (account / "token").write_text("service-account-token")
    monkeypatch.setattr(cluster_api, "ACCOUNT", account)
    with serving(made.respond, cluster_authority.server()) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", server.url.rpartition(":")[2])
        yield made


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty Harbor, and the Job's environment."""
    harbor = Harbor()
    clock = Clock()
    for module in (harbor_content, gate):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    with serving(harbor.respond) as double:
        monkeypatch.setenv("HARBOR_URL", double.url)
        monkeypatch.setenv("HARBOR_PASSWORD", harbor.password)
        monkeypatch.setenv("LOGINS", str(tmp_path))
        monkeypatch.setenv("VALKEY_SECRET", "/api/v1/namespaces/harbor/secrets/valkey")
        monkeypatch.setenv("VALKEY_GENERATIONS", "valkey/harbor=1")
        monkeypatch.setenv("CORE_PODS", "/api/v1/namespaces/harbor/pods?labelSelector=component%3Dcore")
        made = Site(harbor, cluster, double, tmp_path, monkeypatch.setenv)
        made.mount()
        yield made
