"""What `make up` shows, asks and leaves; the CLI only says what the test gave it, in its log of events."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from lab.checkout import command_line
from stack_file.load import load_stack_file
from tests.support.program import ROOT, STACK_FILE
from tests.tools.operate.operating import URN, Run, applied
from tools.operating import closing, flags
from tools.operating.carrying import carried_out
from tools.operating.child import listening
from tools.operating.operation import Operation
from tools.state import Engine

PHASE = "home-cluster:phase:Phase"
PARTS = {
    "phase2-identity": "home-cluster:authentik/server:Authentik",
    "phase3-integration": "home-cluster:vault/oidc:VaultOidc",
}
RELEASE = "kubernetes:helm.sh/v3:Release"
REBOOT = "worker-1 waits for a start with its new memory: on atlas, qm reboot 104, one node at a time"


def urn(phase: str, name: str = "") -> str:
    return f"{URN}{PHASE}${PARTS[phase]}${RELEASE}::{name}" if name else f"{URN}{PHASE}::{phase}"


def step(kind: str, phase: str, name: str = "", op: str = "create", **more: Any) -> dict[str, Any]:
    """An event of a step, as the engine logs it (apitype.EngineEvent)."""
    state = {
        "urn": urn(phase, name),
        "type": RELEASE if name else PHASE,
        "parent": urn(phase) if name else "",
        "id": "",
    }
    metadata = {**state, "op": op, "old": None, "new": state, "keys": [], "diffs": ["values"], "provider": ""}
    return {"sequence": 1, "timestamp": 1_700_000_000, kind: {"metadata": metadata, "planning": False, **more}}


def told(severity: str, text: str, of: str = "") -> dict[str, Any]:
    message = {"urn": of, "prefix": "", "message": f"<{{%reset%}}>{text}<{{%reset%}}>\n", "color": "raw"}
    return {"sequence": 1, "timestamp": 1_700_000_000, "diagnosticEvent": {**message, "severity": severity}}


BEGUN = [step("resOutputsEvent", phase) for phase in PARTS]
PREVIEW = [
    *BEGUN,
    step("resourcePreEvent", "phase2-identity", "authentik", "update"),
    step("resOutputsEvent", "phase2-identity", "authentik", "update"),
    step("resourcePreEvent", "phase3-integration", "login"),
    step("resOutputsEvent", "phase3-integration", "login"),
]
DONE = [*PREVIEW, told("warning", "Endpoints is deprecated"), told("warning", REBOOT), told("warning", REBOOT)]
FAILED = [
    *BEGUN,
    step("resourcePreEvent", "phase2-identity", "authentik", "update"),
    told("error", "1 error occurred:\n\t* Helm: timed out\n", urn("phase2-identity", "authentik")),
    step("resOpFailedEvent", "phase2-identity", "authentik", "update", status=0, steps=1),
    told("error", "update failed"),
]
PLAN = {
    urn(phase, name): {"goal": {"type": RELEASE, "parent": urn(phase), "custom": True, "dependencies": needs}}
    for phase, name, needs in (
        ("phase2-identity", "authentik", []),
        ("phase3-integration", "login", [urn("phase2-identity", "authentik")]),
    )
} | {urn(phase): {"goal": {"type": PHASE, "parent": "", "custom": False}} for phase in PARTS}


def says(checkout: Path, operation: str, events: Iterable[dict[str, Any]], code: int = 0) -> None:
    """What the CLI logs for an operation, with what exit code an update ends, and the plan of its preview."""
    (checkout / f"events-{operation}").write_text("".join(f"{json.dumps(one)}\n" for one in events))
    (checkout / "code").write_text(str(code))
    (checkout / "plan").write_text(json.dumps({"resourcePlans": PLAN}))


def calls(checkout: Path) -> list[list[str]]:
    return [json.loads(line) for line in (checkout / "calls").read_text().splitlines()]


def report(checkout: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((checkout / "build" / "test-cluster" / "report.json").read_text())
    return found


def state(checkout: Path, **outputs: Any) -> None:
    applied(checkout, {"type": "pulumi:pulumi:Stack", "outputs": outputs})


@pytest.fixture
def up(checkout: Path) -> Callable[..., Operation]:
    """An update of a stack that is there, of which the CLI foretells PREVIEW."""
    state(checkout, urls={"gitea": "https://git.example.com"})
    says(checkout, "preview", PREVIEW)

    def operation(*extra: str, agree: Callable[[str], bool] | None = None, **more: Any) -> Operation:
        engine = Engine(checkout / ".tools" / "pulumi", "test-cluster", checkout)
        given: dict[str, Any] = {
            "name": "up",
            "given": ("--continue-on-error",),
            "environment": {**os.environ, "SSL_CERT_DIR": ""},
            "text": "",
            "before": engine.state(),
        }
        return Operation(engine=engine, extra=extra, settings=load_stack_file(STACK_FILE), agree=agree, **given | more)

    return operation


def test_an_update_is_foretold_done_and_told(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says(checkout, "up", DONE)
    assert carried_out(up("--yes", "--expect-no-changes", "--target", "urn:x")) == 0, "it succeeded"
    out, err = capsys.readouterr()
    for part in (
        "change   Release authentik: values",
        "would make 1, change 1 (1 in phase2-identity, 1 in phase3-integration)",
        "gitea  https://git.example.com",
        "make smoke STACK=test-cluster",
        "build/test-cluster/report.html",
    ):
        assert part in out, f"{part}: {out}"
    warned = [line for line in out.splitlines() if REBOOT in line or "deprecated" in line]
    assert [REBOOT in line for line in warned] == [True, False], "what is to be done by hand comes first, once"
    assert "make access" not in out, "they have that already"
    assert "phase phase2-identity ready 1/1" in err, "progress is no data"
    document = report(checkout)
    assert (document["result"], document["simulated"], document["operation"]) == ("succeeded", False, "up"), document
    assert [(one["name"], one["status"]) for one in document["phases"]] == [(name, "ready") for name in PARTS], "phases"
    preview, update = ([*one[: one.index("--non-interactive")]] for one in calls(checkout))
    assert preview[:-1] == ["preview", "--stack", "test-cluster", "--target", "urn:x", "--save-plan"], "no answer in it"
    asked = ["--continue-on-error", "--expect-no-changes", "--target", "urn:x"]
    assert update == ["up", "--stack", "test-cluster", *asked, "--yes", "--skip-preview"], "nobody is asked twice"


def test_a_failure_is_told_with_what_it_blocks_and_what_helps(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    says(checkout, "up", FAILED, 255)
    assert carried_out(up("--yes")) == 255, "the CLI's own"
    out = capsys.readouterr().out
    for part in (
        "phase2-identity: authentik: Helm: timed out",
        "phase3-integration: waits for authentik of phase2-identity",
        "  Release authentik: 1 error occurred:",
        "docs/runbooks/authentik-worker.md",
        "make status STACK=test-cluster",
        "build/test-cluster/up.log",
    ):
        assert part in out, f"{part}: {out}"
    assert "update failed" not in out, "the engine says it after it has said why"
    assert report(checkout)["result"] == "up failed", "for programs"
    assert (checkout / "build" / "test-cluster" / "report.html").is_file(), "and for people"


@pytest.mark.parametrize("answer", [True, False])
def test_it_is_asked_for_once_it_is_known_what_it_would_do(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str], answer: bool
) -> None:
    says(checkout, "up", DONE)
    asked: list[str] = []

    def agree(question: str) -> bool:
        asked.append(capsys.readouterr().out + question)
        return answer

    assert carried_out(up(agree=agree)) == (0 if answer else 1), "a no is no success"
    assert len(asked) == 1, "once"
    assert "would make 1, change 1" in asked[0], "a person knows what they agree to"
    assert asked[0].endswith("Apply this to test-cluster?"), "which stack"
    assert [one[0] for one in calls(checkout)] == ["preview", "up"][: 1 + answer], "nothing is done without a yes"
    assert (checkout / "build" / "test-cluster" / "report.json").exists() == answer, "nothing was done to report on"


def test_what_the_cli_says_before_the_engine_starts_is_told(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operation = up("--yes")
    (checkout / "installed" / "pulumi").write_text(
        "#!/bin/sh\necho 'warning: old'; echo 'error: no such flag' >&2; exit 9\n"
    )
    assert carried_out(operation) == 9, "its exit code"
    assert "  error: no such flag" in capsys.readouterr().out, "why"


def test_a_flag_that_asks_for_another_view_gets_it_and_the_report_is_left(
    up: Callable[..., Operation], checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    says(checkout, "up", [step("resOutputsEvent", "phase2-identity", "other", planning=True), *FAILED], 255)
    assert carried_out(up("--yes", "--diff")) == 255, "the CLI's own"
    out, err = capfd.readouterr()
    assert json.loads(out)[0][:5] == ["up", "--stack", "test-cluster", "--continue-on-error", "--yes"], (
        "as it was given"
    )
    assert "because of --diff" in err, "why no phases are shown"
    document = report(checkout)
    assert document["result"] == "up failed", "as always"
    assert [one["resources"] for one in document["phases"]] == [1, 0], "what was only foretold is not among it"


@pytest.mark.parametrize(
    ("extra", "text", "expected"),
    [
        (("--yes", "--target", "urn:x", "-p", "4"), "", None),
        (("--json",), "", "--json"),
        (("--show-secrets=true",), "", "--show-secrets=true"),
        (("-yf",), "", "-yf"),
        (("--color=never", "--suppress-progress"), "", "--color=never"),
        ((), "encryptionsalt: v1:x\n", "asks for the passphrase"),
    ],
)
def test_the_cli_shows_itself_where_the_table_cannot_serve(
    up: Callable[..., Operation], extra: tuple[str, ...], text: str, expected: str | None
) -> None:
    why = up(*extra, agree=lambda _: True, text=text, environment={}).by_itself()
    assert (why is None) == (expected is None), why
    assert expected is None or expected in str(why), "and it is said"


@pytest.mark.parametrize(
    ("extra", "environment", "expected"),
    [
        (("-y",), {}, True),
        (("--skip-preview",), {}, True),
        (("--yes=false",), {}, False),
        (("--message", "yes"), {}, False),
        ((), {"PULUMI_SKIP_CONFIRMATIONS": "true"}, True),
    ],
)
def test_a_yes_is_what_the_cli_takes_for_one(
    extra: tuple[str, ...], environment: dict[str, str], expected: bool
) -> None:
    assert flags.agreed(extra, environment) == expected, "as the CLI"


def test_the_first_update_is_followed_by_how_people_get_in() -> None:
    said = closing.next_steps("up", "home", load_stack_file(STACK_FILE), first=True)
    assert [line.split("  #")[0].split(" USER")[0] for line in said] == [
        f"make {one} STACK=home" for one in ("access", "invite", "smoke")
    ], "kubeconfig, the first person, the proof"


def test_every_runbook_that_is_named_is_there() -> None:
    for folder, page in closing.RUNBOOKS.items():
        assert (ROOT / "docs" / "runbooks" / page).is_file(), f"{page} is no runbook"
        assert (ROOT / "components" / folder).is_dir(), f"no component is in {folder}"


def test_everything_that_goes_is_counted_where_children_go_first(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = [
        step(kind, *one, op="delete")
        for one in (("phase2-identity", "authentik"), ("phase2-identity", ""))
        for kind in ("resourcePreEvent", "resOutputsEvent")
    ]
    says(checkout, "destroy", gone)
    applied(
        checkout,
        *(
            {
                "urn": urn("phase2-identity", name),
                "type": RELEASE if name else PHASE,
                "parent": urn("phase2-identity") if name else "",
            }
            for name in ("", "authentik")
        ),
    )
    operation = up("--yes", name="destroy", given=())
    (checkout / "state").unlink()
    assert carried_out(operation) == 0, "nothing is left"
    assert not (checkout / "build" / "test-cluster" / "graph.svg").exists(), "there is nothing to draw"
    assert "phase2-identity  gone" in capsys.readouterr().out, "as a phase"
    assert [one[:4] for one in calls(checkout)] == [
        ["destroy", "--stack", "test-cluster", last] for last in ("--preview-only", "--yes")
    ], "calls"


def test_who_ends_the_command_alone_ends_the_cli() -> None:
    with listening() as heard, subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        heard.child = child
        os.kill(os.getpid(), signal.SIGTERM)
        assert child.wait(60) == -signal.SIGTERM, (
            "systemd and CI send it to one process, and an update would go on alone"
        )


def test_ctrl_c_after_an_update_does_not_say_that_nothing_was_changed(
    up: Callable[..., Operation], checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    says(checkout, "up", DONE)

    def interrupted(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    operation = up("--yes")
    monkeypatch.setattr(Engine, "state", interrupted)
    with pytest.raises(SystemExit, match="130"):
        carried_out(operation)
    assert "what it did is in the state" in capsys.readouterr().err, "the command itself would say that it never began"
    assert report(checkout)["operation"] == "up", "what is known is left"


def test_ctrl_c_leaves_a_report_of_what_was_done(checkout: Path, run: Run) -> None:
    state(checkout)
    says(checkout, "preview", PREVIEW)
    says(checkout, "up", BEGUN + PREVIEW[2:4])
    (checkout / "waits").touch()
    code = "import sys, pathlib, tools.operate as o; o.main(sys.argv[2:], pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(checkout), "up", "--stack", "test-cluster", "--yes", "--no-doctor"]
    environment = {**os.environ, "PULUMI_BACKEND_URL": f"file://{checkout}/backend?metadata=skip"}
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with child:
        until((checkout / "waiting").exists)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does
        out, errors = child.communicate()
    assert child.returncode == 130, f"as a shell has it: {errors}"
    assert "goes on from there" in errors.splitlines()[-1], f"one sentence, no traceback: {errors!r}"
    assert "brought to its end" in errors, "what happens while the CLI still works"
    document = report(checkout)
    assert document["result"] == "interrupted", "also after Ctrl-C"
    statuses = {one["name"]: one["status"] for one in document["phases"]}
    assert statuses == {"phase2-identity": "ready", "phase3-integration": "not reached"}, "what was done is known"
    assert "phase2-identity" in out, "and told"


@pytest.mark.engine
@pytest.mark.parametrize("ending", ["fails", "interrupted"])
def test_the_pinned_cli_logs_its_events_and_what_became_of_them_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / ".tools").symlink_to(ROOT / ".tools")
    for name, value in (
        ("BACKEND_URL", f"file://{tmp_path}"),
        ("HOME", f"{tmp_path}/home"),
        ("CONFIG_PASSPHRASE", "x"),
    ):
        monkeypatch.setenv(f"PULUMI_{name}", value)
    Engine(Path(command_line(ROOT)), "test-cluster", tmp_path).call("stack", "init")
    command = [sys.executable, "-m", "tests.tools.operate.program", str(tmp_path), ending]
    child = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with child:
        if ending == "interrupted":
            until((tmp_path / "reached").exists)
            os.killpg(child.pid, signal.SIGINT)  # as a terminal does
            log = tmp_path / "build" / "test-cluster" / "up.log"
            until(lambda: "cancelling" in log.read_text())
            (tmp_path / "released").touch()
        out, errors = child.communicate()
    document = report(tmp_path)
    phases = [(one["name"], one["status"], one["done"], one["resources"]) for one in document["phases"]]
    if ending == "fails":
        held = [("phase1-infrastructure", "failed", 1, 2), ("phase2-identity", "blocked", 0, 1)]
        assert (child.returncode > 0, document["result"], phases) == (True, "up failed", held), errors
        assert document["phases"][1]["blockedBy"] == ["held of phase1-infrastructure"], "by the plan of the preview"
        assert "  Stash held: before hook" in out, "in the words of who said it"
    else:
        done = [("phase1-infrastructure", "ready", 2, 2), ("phase2-identity", "not reached", 0, 1)]
        assert (child.returncode, document["result"], phases) == (130, "interrupted", done), errors
        assert "goes on from there" in errors.splitlines()[-1], errors
    assert document["urls"] == {"gitea": "https://git.example.com"}, "from the state"


def until(there: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    for _ in range(1200):
        if there():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")
