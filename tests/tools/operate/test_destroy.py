"""`make destroy` and `make recreate`: what is asked before, in which order things go, and what they go on from."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.checkout import command_line
from lib.secret_state import resources
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.support.program import ROOT as CHECKOUT
from tests.tools.operate.operating import AGREED, Run, started
from tools import identity, recreate, teardown
from tools.cluster import ClusterError, Volume
from tools.losses import Standing
from tools.operate import FLAGS
from tools.state import Engine, StateError
from tools.teardown import DESTROYED, Teardown, named

MANIFEST = {"time": "2026-11-27T00:00:00Z", "magic": "", "version": ""}
STACK = ("--stack", "test-cluster")
SETTINGS = load_stack_file(SHIPPED)
URN = "urn:pulumi:test-cluster::home-cluster::"


def resource(kind: str, name: str, parent: str = "", **more: Any) -> dict[str, Any]:
    custom = not kind.startswith(("home-cluster:", "pulumi:pulumi"))
    return {"urn": f"{URN}{kind}::{name}", "type": kind, "custom": custom, "parent": parent, **more}


ROOT = resource("pulumi:pulumi:Stack", "stack")
PHASE = resource("home-cluster:phase:Phase", "cluster", ROOT["urn"])
GATE = resource("pulumi:index:Stash", "gates", PHASE["urn"])
TLS = resource("pulumi:providers:tls", "tls", ROOT["urn"])
VM = resource(
    "proxmoxve:index/vmLegacy:VmLegacy", "control", inputs={"name": "control", "vmId": 1500, "nodeName": "atlas"}
)


def generated(kind: str, name: str, *of: dict[str, Any], **more: Any) -> dict[str, Any]:
    needs = [one["urn"] for one in of]
    return resource(
        kind,
        name,
        PHASE["urn"],
        provider=f"{TLS['urn']}::id",
        dependencies=[GATE["urn"], *needs],
        propertyDependencies={"pem": needs, "none": None},
        **more,
    )


KEY = generated("tls:index/privateKey:PrivateKey", "ca-key", id="1", created="2026-11-01T00:00:00Z")
CA = generated("tls:index/selfSignedCert:SelfSignedCert", "ca", KEY, id="2")
REQUEST = resource("vault:pkiSecret/request:Request", "vault-request", PHASE["urn"])
SIGNED = generated("tls:index/locallySignedCert:LocallySignedCert", "vault-ca", REQUEST, CA)
DRIVER = resource(
    "kubernetes:helm.sh/v3:Release", "csi", PHASE["urn"], outputs={"namespace": "csi-proxmox", "name": "csi"}
)
OF_KEY = [ROOT, PHASE, TLS, KEY, CA]


def of(*found: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(found)}}


def put(checkout: Path, *found: dict[str, Any]) -> None:
    (checkout / "state").write_text(json.dumps(of(*found)), encoding="utf-8")


def done_by(checkout: Path) -> list[list[str]]:
    """Arguments of what the CLI was to do, and not only to foretell, without those on how it is shown."""
    file = checkout / "calls"
    calls = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    done = (one for one in calls if one[0] != "preview" and "--preview-only" not in one)
    return [one[: one.index("--skip-preview") + 1] for one in done]


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
    assert list(standing.stays()) == [f"{kept}{removal}", "backups: none declared"]
    again = replace(standing, keeps_identity=True)
    assert "generated keys and secrets, in the state: 2" in list(again.stays())
    assert not any("generated" in one for one in again.lost())


def test_the_identity_is_what_was_generated_from_nothing_else() -> None:
    gone = {**KEY, "delete": True}
    state = of(ROOT, PHASE, GATE, TLS, KEY, CA, REQUEST, SIGNED, VM, gone)
    assert identity.kept(state) == {one["urn"] for one in OF_KEY}, "Vault's CA was made for a key that goes with Vault"
    left = {one["urn"]: one for one in resources(identity.detached(state))}
    assert left[CA["urn"]]["dependencies"] == [KEY["urn"]], "it waits for no gate, so the engine keeps no gate for it"
    assert left[SIGNED["urn"]]["dependencies"], "others are destroyed in their order"
    assert {one["urn"] for one in resources(identity.alone(state))} == {one["urn"] for one in OF_KEY}
    assert identity.renewed(state, of(ROOT, PHASE, {**KEY, "created": "2026-11-27T00:00:00Z"})) == ["ca", "ca-key"]
    assert identity.renewed(of(*OF_KEY), state) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nonsense", "is no exported state"),
        (json.dumps(of({**KEY, "urn": "urn:pulumi:other::p::t::n"})), "is a state of other, not of test-cluster"),
        (json.dumps(of(ROOT, VM)), "holds no generated key or secret"),
    ],
)
def test_what_is_no_state_of_the_stack_gives_no_identity(
    content: str, says: str, run: Run, checkout: Path, tmp_path: Path
) -> None:
    file = tmp_path / "copy.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(StateError, match=says):
        identity.read(file, "test-cluster")
    put(checkout, *OF_KEY, VM)
    done = run("recreate", *STACK, "--identity", str(file), *AGREED)
    assert (done.returncode, done.stdout) == (1, ""), f"found before anything begins: {done.stderr}"


def history(checkout: Path, *updates: tuple[str, str, str]) -> None:
    """Updates, the newest first, as `pulumi stack history --json` has them (updateInfoJSON of pkg/cmd/pulumi/stack)."""
    found = [{"kind": kind, "result": result, "message": message} for kind, result, message in updates]
    (checkout / "history").write_text(json.dumps(found), encoding="utf-8")


UP, GONE = ("update", "succeeded", ""), ("destroy", "succeeded", DESTROYED)


@pytest.mark.parametrize(
    ("updates", "does"),
    [
        ([UP], ["destroy", "up"]),
        ([("update", "failed", ""), GONE, UP], ["up"]),
        ([GONE, UP], ["up"]),
        ([("destroy", "failed", DESTROYED), UP], ["destroy", "up"]),
        ([UP, GONE], ["destroy", "up"]),
        ([("update", "failed", ""), ("destroy", "succeeded", "one target")], ["destroy", "up"]),
    ],
    ids=["up", "failed", "destroyed", "half destroyed", "up again", "another destroy"],
)
def test_recreate_goes_on_from_where_the_last_one_ended(
    run: Run, checkout: Path, updates: list[tuple[str, str, str]], does: list[str]
) -> None:
    put(checkout, *OF_KEY, GATE)
    history(checkout, *updates)
    done = run("recreate", *STACK, *AGREED)
    calls = done_by(checkout)
    assert (done.returncode, [one[0] for one in calls]) == (0, does), done.stderr
    kept = [part for one in sorted(OF_KEY, key=lambda one: str(one["urn"])) for part in ("--exclude", one["urn"])]
    if does[0] == "destroy":
        assert calls[0][3:] == ["--message", DESTROYED, *kept, "--yes", "--skip-preview"]
    assert "recreate: known by the same 2 keys and secrets" in done.stderr
    assert "no data was restored" in done.stderr


def test_recreate_that_fails_says_how_to_go_on_and_never_begins_what_cannot_end(run: Run, checkout: Path) -> None:
    put(checkout, *OF_KEY, GATE)
    history(checkout, UP)
    assert run("recreate", *STACK).returncode == 1
    assert done_by(checkout) == [], "without the name"
    for at, does in ("destroy", ["destroy"]), ("up", ["destroy", "up"]):
        (checkout / f"code-{at}").write_text("3", encoding="utf-8")
        done = run("recreate", *STACK, *AGREED)
        assert (done.returncode, [one[0] for one in done_by(checkout)]) == (3, does)
        (checkout / f"code-{at}").unlink()
        assert "`make recreate STACK=test-cluster` goes on from there" in done.stderr
    put(checkout, ROOT, VM)
    done = run("recreate", *STACK, *AGREED)
    assert (done.returncode, done.stdout) == (1, "")
    assert "ARGS=--identity=<file>" in done.stderr, "no key is left, and a copy may be somewhere"


@pytest.mark.engine
def test_the_pinned_cli_leaves_what_is_excluded_and_notes_down_what_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Pulumi.yaml", SHIPPED.name):
        shutil.copy(CHECKOUT / name, tmp_path)
    for name, value in (("BACKEND_URL", f"file://{tmp_path}"), ("HOME", str(tmp_path / "home"))):
        monkeypatch.setenv(f"PULUMI_{name}", value)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "passphrase")
    engine = Engine(Path(command_line(CHECKOUT)), "test-cluster", tmp_path)
    engine.call("stack", "init")
    gone = resource("home-cluster:phase:Phase", "gitops", ROOT["urn"])
    engine.put({**(engine.state() or {}), "deployment": {"manifest": MANIFEST, "resources": [ROOT, PHASE, gone]}})
    monkeypatch.setattr(identity, "kept", lambda _: frozenset({ROOT["urn"], PHASE["urn"]}))
    one = Teardown(engine=engine, settings=SETTINGS, given="", say=print, keeps_identity=True)

    def run(more: Sequence[str]) -> int:
        engine.call("destroy", *FLAGS["destroy"], *more)
        return 0

    assert one.carried_out(run, lambda: None) == 0
    assert [one["urn"] for one in resources(engine.state() or {})] == [ROOT["urn"], PHASE["urn"]]
    assert recreate.destroyed(engine), "its history says so"
    assert one.carried_out(lambda _: 1, lambda: None) == 0, "nothing is left to destroy"
