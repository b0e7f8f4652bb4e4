"""Signals while the CLI runs, and the pinned CLI itself: what was done is told and reported."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from lab.checkout import command_line
from tests.support.program import ROOT
from tests.tools.operate.operating import Run
from tests.tools.operate.viewing import BEGUN, DONE, PREVIEW, report, says, state
from tools.operating.carrying import carried_out
from tools.operating.child import listening
from tools.operating.operation import Operation
from tools.state import Engine


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
