"""restic, and a pod that copies a volume with it: the script of the program, on directories of this machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.kubernetes_api import KubernetesApi, Target
from doubles.loopback import serving
from scripts import gate, volumes
from tests.real.availability import skip_without
from tools import real_programs, real_servers


@pytest.hookimpl(trylast=True)  # after `-m` has left tests out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the program the tests that need it are skipped."""
    skip_without(real_programs.SUITES["volumes"], Path(__file__).parent, config, items, "restic")


@dataclass
class Workload:
    """What writes to the volume, in a cluster where the pod may stop it and look at its pods."""

    volume: Path
    replicas: list[int] = field(default_factory=lambda: [1])
    writes: bool = True
    stops: bool = True
    version: str = "v1.36.3"

    def user(self, token: str) -> str | None:
        return token or None

    def may(self, user: str, verb: str, target: Target) -> bool:
        scaled = target.resource == "deployments/scale.apps" and target.name == "gitea" and verb in ("get", "patch")
        return target.namespace == "gitea" and (scaled or (verb, target.resource) == ("list", "pods"))

    def scale(self, target: Target, replicas: int | None) -> str | None:
        if replicas is not None:
            self.replicas.append(replicas)
        return "app=gitea" if target.name == "gitea" else None

    def objects(self, target: Target) -> list[dict[str, Any]]:
        del target
        other = {"metadata": {"name": "job", "labels": {"app": "backup"}}}
        runs = self.replicas[-1] or not self.stops
        return [other, {"metadata": {"name": "gitea-0", "labels": {"app": "gitea"}}}] if runs else [other]


@dataclass
class Pod:
    """What the script is given, and what it left.

    Attributes:
        said: Its last words.
    """

    volume: Path
    repository: Path
    workload: Workload
    environment: dict[str, str]
    account: Path
    said: Path

    def run(self, action: str, **environment: str) -> int:
        """Exit code of the script."""
        self.said.write_text("")
        return volumes.main({**self.environment, "ACTION": action, **environment}, self.account)

    @property
    def words(self) -> str:
        return self.said.read_text()


@pytest.fixture(scope="session")
def restic() -> Path:
    """The program."""
    return real_servers.find(real_programs.RESTIC).binary


@pytest.fixture
def pod(restic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pod]:
    authority = Authority("kubernetes")
    account, said = tmp_path / "account", tmp_path / "termination-log"
    volume, repository = tmp_path / "data", tmp_path / "repository"
    for directory in (account, volume, volume / "lost+found"):
        directory.mkdir()
    (account / "ca.crt").write_bytes(authority.pem)
    (account / "token").write_text("job")
    for name, value in (("INTERVAL_SECONDS", 0.01), ("TERMINATION_LOG", said)):
        monkeypatch.setattr(gate, name, value)
    workload = Workload(volume)
    environment = {
        "RESTIC": str(restic),
        "RESTIC_REPOSITORY": str(repository),
        "RESTIC_PASSWORD": "correct horse battery staple",
        "RESTIC_CACHE_DIR": str(tmp_path / "cache"),
        **{"DATA": str(volume), "KEEP_DAYS": "30", "AS_OF": "latest"},
        **{"NAMESPACE": "gitea", "WORKLOAD": "deployments/gitea", "REPLICAS": "1", "QUIESCE": "true"},
    }
    with serving(KubernetesApi(workload, scale=workload.scale).respond, authority.server()) as server:
        environment |= {
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": server.url.rpartition(":")[2],
        }
        monkeypatch.setenv("SECONDS", "0")
        yield Pod(volume, repository, workload, environment, account, said)
