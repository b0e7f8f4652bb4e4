"""`make destroy` and `make recreate`: what is asked before, in which order things go, and what they go on from."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tools.operate.operating import AGREED, Run, started
from tests.tools.operate.standing import DRIVER, OF_KEY, SETTINGS, STACK, VM, done_by, of, put, resource
from tools import teardown
from tools.cluster import ClusterError, Volume
from tools.losses import Standing
from tools.state import Engine
from tools.teardown import Teardown, named


def test_nothing_is_destroyed_before_the_name_was_given(run: Run, checkout: Path) -> None:
    put(checkout, *OF_KEY, VM)
    for given, says in ((), "nobody can be asked here"), (("--confirm", "home"), "home is not the name of this stack"):
        done = run("destroy", *STACK, "--yes", *given)
        assert (done.returncode, done.stdout) == (1, ""), "a yes among the flags is not enough; the CLI has not started"
        for part in ("machines: control (VM 1500 on atlas)", "generated keys and secrets: 2", says, "YES=test-cluster"):
            assert part in done.stderr, f"what is lost, and how to say so: {done.stderr}"
    assert not list(checkout.glob("build/state/*"))
    assert run("destroy", *STACK, *AGREED).returncode == 0
    assert done_by(checkout) == [["destroy", *STACK, "--yes", "--skip-preview"]], "nobody is asked again"
    (kept,) = checkout.glob("build/state/test-cluster-*.json")
    assert json.loads(kept.read_text(encoding="utf-8")) == of(*OF_KEY, VM), "a way back to the same keys"
    arguments, _, _ = started(run("destroy", *STACK, "--preview-only"))
    assert arguments == ["destroy", *STACK, "--preview-only"], "what changes nothing asks nothing"


def test_a_person_at_a_terminal_types_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for typed, agreed in ("home ", True), ("y", False), ("", False):
        monkeypatch.setattr("builtins.input", lambda _, typed=typed: typed)
        assert named("me/home-cluster/home", "", said.append) is agreed, typed
    assert len(said) == 2, "whoever did not agree is told how"


def volume(claim: str, policy: str, disk: str = "d") -> Volume:
    return Volume(name=claim, claim=claim, size="5Gi", policy=policy, handle=f"home/pve1/local-lvm/vm-9999-{disk}")


class Cluster:
    """One whose driver deletes a volume each time it is looked at; nothing in it is anybody else's."""

    def __init__(self, *volumes: Volume) -> None:
        self.left = list(volumes)

    def volumes(self) -> list[Volume]:
        found = list(self.left)
        self.left = self.left[1:]
        return found

    def get(self, path: str) -> dict[str, Any]:
        raise ClusterError(f"nobody answers for {path}")

    silence = newest = mark_failed = None


NAMESPACE = resource("kubernetes:core/v1:Namespace", "shop", outputs={"metadata": {"name": "shop"}})


@pytest.mark.parametrize(
    ("volumes", "code", "runs"),
    [
        ([volume("shop/data", "Retain")], 0, [["--yes"]]),
        ([volume("other/data", "Delete")], 0, [["--yes"]]),
        ([volume("shop/data", "Delete")], 0, [["--yes", "--exclude", DRIVER["urn"]], ["--yes"]]),
        ([volume("shop/data", "Delete")], 3, [["--yes", "--exclude", DRIVER["urn"]]]),
    ],
    ids=["retained", "of others", "deleted", "deleted in vain"],
)
def test_the_driver_goes_after_volumes_that_it_deletes(
    volumes: list[Volume], code: int, runs: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, ran = of(*OF_KEY, DRIVER, NAMESPACE), list[list[str]]()
    monkeypatch.setattr(Engine, "state", lambda *_: state)
    monkeypatch.setattr(teardown, "EVERY_SECONDS", 0)
    cluster: Any = Cluster(*volumes)

    def run(more: Sequence[str]) -> int:
        assert not ran or cluster.left == [], "the driver had the time to delete them"
        ran.append(list(more))
        return code

    one = Teardown(engine=Engine(Path(), "home", tmp_path), settings=SETTINGS, given="", say=print)
    assert one.carried_out(run, lambda: cluster) == code
    assert ran == runs


@pytest.mark.failure("old-volumes")
def test_what_goes_and_what_stays_is_told_by_name() -> None:
    database = resource("kubernetes:postgresql.cnpg.io/v1:Database", "d", outputs={"spec": {"name": "gitea"}})
    spaces = [
        resource("kubernetes:core/v1:Namespace", one, outputs={"metadata": {"name": one}})
        for one in ("gitea", "vault", "dns")
    ]
    certificate = resource("kubernetes:cert-manager.io/v1:Certificate", "c")
    standing = Standing(
        state=of(*OF_KEY, VM, database, certificate, *spaces),
        settings=SETTINGS,
        volumes=[volume("gitea/data", "Retain", "a"), volume("gitea/cache", "Delete", "b")],
        strangers=["Deployment gitea/blog, made by kubectl"],
        abandoned=["Cluster shop/db with the finalizer f"],
    )
    assert list(standing.lost()) == [
        "machines: control (VM 1500 on atlas)",
        "databases: gitea",
        "vault: its keys, and everything that people wrote into it",
        "gitea: repositories, issues and packages",
        "zones, for which nobody answers: test-cluster.agentydragon.com",
        "certificates: 1",
        "generated keys and secrets: 2, among them the CA that browsers trust",
        "volume home/pve1/local-lvm/vm-9999-b (5Gi, Delete) of claim gitea/cache",
        "Deployment gitea/blog, made by kubectl: it goes with its namespace",
        "Cluster shop/db with the finalizer f: nobody removes that once its operator is gone; delete it before",
    ]
    kept = "volume home/pve1/local-lvm/vm-9999-a (5Gi, Retain) of claim gitea/data; "
    removal = "to delete it, on pve1: pvesm free local-lvm:vm-9999-a"
    assert list(standing.stays()) == [f"{kept}{removal}"]
    again = replace(standing, keeps_identity=True)
    assert "generated keys and secrets, in the state: 2" in list(again.stays())
    assert not any("generated" in one for one in again.lost())
