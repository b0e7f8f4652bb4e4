"""Secret values are judged before the engine starts."""

import shutil
from pathlib import Path

import pytest

from lab.checkout import command_line
from stack_file import check
from tests.support.program import ROOT, STACK_FILE
from tests.tools.operate.operating import Run, configured, started
from tools import secret_values as judged
from tools.state import Engine


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_a_secret_that_cannot_be_never_reaches_the_engine(run: Run, checkout: Path, operation: str) -> None:
    configured(checkout, {"proxmoxApiToken": None, "gitToken": "hunter2\n", "gitUsername": "robot"})
    done = run(operation, "--stack", "test-cluster")
    assert done.returncode == 1, f"no provider gets to see it: {done.stdout}"
    assert not done.stdout, "the CLI must not have started"
    said = [line.removeprefix(f"{checkout}/Pulumi.test-cluster.yaml: ") for line in done.stderr.splitlines()]
    assert [line.split(" (")[0].split(";")[0] for line in said] == [
        "proxmoxApiToken: is missing",
        "gitToken: has blanks or line breaks around it",
        check.RUNBOOK,
    ], "each key with what is wrong, as the program says it"
    assert "hunter2" not in done.stderr, "the message goes to logs"


def test_secrets_that_the_cli_cannot_open_are_for_it_to_explain(run: Run, checkout: Path) -> None:
    (checkout / "config").unlink()
    started(run("up", "--stack", "test-cluster"))


def test_what_runs_no_program_asks_for_no_secret(run: Run, checkout: Path) -> None:
    configured(checkout, {"proxmoxApiToken": None})
    started(run("destroy", "--stack", "test-cluster"))


@pytest.mark.failure("committed-ciphertext")
@pytest.mark.engine
def test_the_pinned_cli_opens_the_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Pulumi.yaml", STACK_FILE.name):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "passphrase")
    engine = Engine(Path(command_line(ROOT)), "test-cluster", tmp_path)
    engine.call("stack", "init")
    engine.call("config", "set", "--secret", "gitToken", "two words")
    said = [line.split(" ")[0] for line in judged.defects("up", engine, tmp_path / STACK_FILE.name)]
    assert said == ["proxmoxApiToken:", "proxmoxCsiTokenSecret:", "gitToken:"], "two are missing, and one is wrong"
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert judged.defects("up", engine, tmp_path / STACK_FILE.name) == [], "without the passphrase nobody can tell"
