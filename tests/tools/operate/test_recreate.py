"""`make recreate`: what it keeps, and how it goes on."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab.checkout import command_line
from lib.secret_state import resources
from tests.stack_file.stacks import SHIPPED
from tests.support.program import ROOT as CHECKOUT
from tests.tools.operate.operating import AGREED, Run
from tests.tools.operate.standing import (
    CA,
    GATE,
    KEY,
    MANIFEST,
    OF_KEY,
    PHASE,
    REQUEST,
    ROOT,
    SETTINGS,
    SIGNED,
    STACK,
    TLS,
    VM,
    done_by,
    of,
    put,
    resource,
)
from tools import identity, recreate
from tools.operate import FLAGS
from tools.state import Engine, StateError
from tools.teardown import DESTROYED, Teardown


@pytest.mark.failure("recreated-as-another")
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
    others = [resource(kind, "one") for kind in ("talos:machine/secrets:Secrets", "random:index/randomId:RandomId")]
    assert identity.generated(of(*others)) == {one["urn"] for one in others}, "the cluster's own CAs, and passwords"


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
