"""Fixtures of the probe scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from doubles.certificates import Authority
from doubles.loopback import serving
from scripts import cluster_api, harbor_content
from tests.scripts.harbor_double import Harbor
from tests.scripts.harbor_projects_double import ADMINISTRATOR
from tests.scripts.harbor_site import Clock, Cluster, Site
from tests.scripts.tls_double import serving as serving_tls


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
    with serving_tls(made.respond, cluster_authority, tmp_path) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        yield made


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty Harbor, and the Job's environment."""
    harbor = Harbor()
    monkeypatch.setattr(harbor_content, "time", Clock())
    with serving(harbor.respond) as double:
        monkeypatch.setenv("HARBOR_URL", double.url)
        monkeypatch.setenv("HARBOR_PASSWORD", ADMINISTRATOR[1])
        monkeypatch.setenv("LOGINS", str(tmp_path))
        monkeypatch.setenv("VALKEY_SECRET", "/secrets/valkey")
        monkeypatch.setenv("VALKEY_GENERATIONS", "valkey/harbor=1")
        monkeypatch.setenv("CORE_PODS", "/pods")
        made = Site(harbor, cluster, double, tmp_path, monkeypatch.setenv)
        made.mount()
        yield made
