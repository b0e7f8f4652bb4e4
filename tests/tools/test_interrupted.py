"""What was cut off, where nobody but the engine can tell whether the operation still lives."""

from pathlib import Path
from typing import Any

import pytest

from tools.cluster import ClusterError, Volume
from tools.helm_release import HelmRelease
from tools.interrupted import Recovery
from tools.state import Engine, State, StateError

RELEASE = {
    "type": "kubernetes:helm.sh/v3:Release",
    "urn": "urn:pulumi:home::home-cluster::kubernetes:helm.sh/v3:Release::vault-release",
    "inputs": {"namespace": "vault", "name": "vault", "chart": "vault", "version": "0.34.0"},
}
STATE = {"deployment": {"resources": [], "pending_operations": [{"type": "creating", "resource": RELEASE}]}}


class Bucket(Engine):
    """A stack whose lock no directory shows."""

    locked = True

    def put(self, state: State) -> None:
        del state
        if self.locked:
            raise StateError("error: the stack is currently locked by 1 lock(s)")


class Helm:
    """A cluster in which Helm waits for Vault."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def silence(self) -> None:
        """It answers."""

    def newest(self, namespace: str, name: str) -> HelmRelease:
        return HelmRelease(
            namespace=namespace, name=name, revision=1, status="pending-install", chart="vault", version="0.34.0"
        )

    def mark_failed(self, release: HelmRelease) -> None:
        self.failed.append(release.name)

    def volumes(self) -> list[Volume]:
        return []

    def get(self, path: str) -> dict[str, Any]:
        raise ClusterError(f"nobody asks for {path}")


def test_a_release_of_an_operation_that_lives_is_not_taken_for_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Helm()
    recovery = Recovery(Bucket(Path("pulumi"), "home", Path()), cluster, print)
    monkeypatch.setattr(Engine, "refresh", lambda *_: None)
    with pytest.raises(StateError, match="currently locked"):
        recovery.recover(STATE)
    assert cluster.failed == [], "Helm is at it: marked as failed, it would be upgraded by two at once"
    monkeypatch.setattr(Bucket, "locked", False)
    recovery.recover(STATE)
    assert cluster.failed == ["vault"], "nobody is at it any more"
