"""The platform comes up in one go, and what it leaves can be used."""

import subprocess
from pathlib import Path

import pytest

from lab.checkout import command_line, passphrase
from lib.secret_state import outputs, plain
from tests.engine.platform import Outcome, copy_of, statuses, unsynced_in
from tools import access, invite
from tools.state import opened

pytestmark = pytest.mark.engine


def test_the_first_update_brings_every_phase_up(platform: Outcome) -> None:
    assert platform.result.ok, platform.result.error
    assert statuses(platform.result) == {
        "cluster": "ready",
        "phase1-infrastructure": "ready",
        "phase2-identity": "ready",
        "phase3-integration": "ready",
        "phase4-services": "ready",
        "dns": "ready",
        "gitops": "ready",
        "chain-observability": "ready",
    }, "from nothing, without a second run"
    assert set(platform.result.changes) == {"create"}, "there was nothing to change or take away"
    assert unsynced_in(platform.stack) is None, "Flux reads what Gitea was given"


def test_no_secret_is_among_the_outputs_that_anyone_may_read(platform: Outcome) -> None:
    assert set(platform.result.outputs) >= {"urls", "caCertificate"}, "what a person needs to find the services"
    assert not {"kubeconfig", "talosconfig"} & set(platform.result.outputs), "these are secret"


def test_the_state_has_the_files_of_access_and_the_way_to_authentik(
    platform: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = platform.stack
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{stack.backend}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", passphrase(stack))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    state = opened(Path(command_line(stack.root)), stack.name, stack.project)
    exports = dict(access.written(state, tmp_path / "access"))
    assert "apiVersion: v1" in Path(exports["KUBECONFIG"]).read_text(encoding="utf-8"), (
        "in plain text, as kubectl reads"
    )
    assert Path(exports["TALOSCONFIG"]).read_text(encoding="utf-8").startswith("context:"), "as talosctl reads"
    assert Path(exports["VAULT_CACERT"]).read_text(encoding="utf-8").startswith("-----BEGIN"), "as every program reads"
    url, token = invite.api(state)
    assert url == "https://auth.engine.example.com", "where the program itself reaches Authentik"
    assert len(token) > 30, "the administrator's token, in plain text"


def test_the_state_moves_to_another_backend_with_its_secrets(
    platform: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/runbooks/state-and-passphrase.md says; a directory stands for every backend."""
    stack = copy_of(platform.stack, tmp_path / "moved")
    (tmp_path / "state").mkdir()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", passphrase(stack))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    binary, exported = Path(command_line(stack.root)), str(tmp_path / "state.json")
    before = (stack.project / stack.file.name).read_text(encoding="utf-8")

    def pulumi(*arguments: str) -> None:
        command = [str(binary), "stack", *arguments, "--non-interactive"]
        subprocess.run(command, cwd=stack.project, capture_output=True, check=True)

    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{stack.backend}")
    pulumi("export", "--stack", stack.name, "--file", exported)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    pulumi("init", stack.name)
    pulumi("import", "--stack", stack.name, "--file", exported)
    moved = plain(outputs(opened(binary, stack.name, stack.project))["kubeconfig"])
    assert "apiVersion: v1" in moved, "the passphrase and the stack file are the same"
    after = (stack.project / stack.file.name).read_text(encoding="utf-8")
    assert after == before, "another encryptionsalt would make the secrets in the file unreadable"
