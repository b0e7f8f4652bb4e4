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


@pytest.mark.failure("half-done-installation")
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


@pytest.mark.failure("half-configured-backend")
@pytest.mark.parametrize(
    ("kind", "inputs", "identifier"),
    [
        ("vault:index/mount:Mount", {"path": "kv", "type": "kv"}, "kv"),
        ("vault:index/authBackend:AuthBackend", {"type": "kubernetes"}, "kubernetes"),
        ("vault:jwt/authBackend:AuthBackend", {"path": "oidc/", "type": "oidc"}, "oidc"),
        ("vault:index/audit:Audit", {"type": "file"}, "file"),
        ("proxmoxve:index/vmLegacy:VmLegacy", {"vmId": 1500.0, "name": "control"}, "1500"),
        ("kubernetes:core/v1:Secret", {"metadata": {"namespace": "vault", "name": "keys"}}, "vault/keys"),
    ],
    ids=lambda one: str(one) if isinstance(one, str) and ":" in one else "",
)
def test_what_cannot_be_made_twice_is_asked_for_by_its_id(
    kind: str, inputs: dict[str, Any], identifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vault refuses a path that is in use, Proxmox an id, Kubernetes a name: the update after would never end well."""
    made = {"type": kind, "urn": f"urn:pulumi:home::home-cluster::{kind}::one", "inputs": inputs}
    done: list[Any] = []
    monkeypatch.setattr(Engine, "put", lambda _, state: done.append(state["deployment"]))
    monkeypatch.setattr(Engine, "refresh", lambda _, urns: done.append(urns))
    monkeypatch.setattr(Engine, "state", lambda _: None)
    begun = {"deployment": {"resources": [], "pending_operations": [{"type": "creating", "resource": made}]}}
    Recovery(Engine(Path("pulumi"), "home", Path()), None, print).recover(begun)
    written, asked = done
    assert written == {"resources": [made | {"id": identifier, "outputs": inputs}], "pending_operations": []}
    assert asked == [made["urn"]], "its provider says whether it is there"
