"""What was kept of an earlier cluster is put back, and nothing that is there is touched."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.kubernetes_api import KubernetesApi, Target
from doubles.loopback import serving
from scripts import gate, kept_certificates


@dataclass
class Secrets:
    """The Secrets of a namespace, in a cluster where the Job may make some."""

    held: dict[str, Any] = field(default_factory=dict)
    allowed: tuple[str, ...] = ("create",)
    version: str = "v1.36.3"

    def user(self, token: str) -> str | None:
        return token or None

    def may(self, user: str, verb: str, target: Target) -> bool:
        return verb in self.allowed and (target.resource, target.namespace) == ("secrets", "cert-manager")

    def objects(self, target: Target) -> list[dict[str, Any]]:
        del target
        return [{"metadata": {"name": name}} for name in self.held]

    def create(self, target: Target, made: dict[str, Any]) -> None:
        del target
        self.held[made["metadata"]["name"]] = made["stringData"]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    made, authority = Secrets(), Authority("kubernetes")
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    (tmp_path / "token").write_text("job")
    kept = [{"metadata": {"name": name}, "stringData": {"tls.key": f"kept {name}"}} for name in ("account", "tls-web")]
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setenv("SECONDS", "0")
    monkeypatch.setenv("KEPT_FILE", str(tmp_path / "secrets.json"))
    monkeypatch.setenv("NAMESPACE", "cert-manager")
    with serving(KubernetesApi(made, made.create).respond, authority.server()) as server:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", server.url.rpartition(":")[2])
        yield made


def put_back(tmp_path: Path) -> int:
    return kept_certificates.main(os.environ, tmp_path)


def test_what_is_not_there_is_put_back(cluster: Secrets, tmp_path: Path) -> None:
    assert put_back(tmp_path) == 0
    assert cluster.held == {name: {"tls.key": f"kept {name}"} for name in ("account", "tls-web")}


def test_what_is_there_stays(cluster: Secrets, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.held["tls-web"] = {"tls.key": "renewed since"}
    assert put_back(tmp_path) == 0, "the next update of the same cluster"
    assert cluster.held["tls-web"] == {"tls.key": "renewed since"}, "cert-manager's"
    assert "account: put back\ntls-web: is there already" in capsys.readouterr().out


def test_who_may_not_does_not_get_on(cluster: Secrets, tmp_path: Path) -> None:
    cluster.allowed = ()
    assert put_back(tmp_path) == 1, "an order would follow"
