"""`make access`: files that only their owner reads, and exports that a shell takes as they are."""

import subprocess
from pathlib import Path

import pytest

from tests.tools.stack_state import STACK, brought_up, secret
from tools import access

OUTPUTS = {
    "kubeconfig": secret("apiVersion: v1\n"),
    "talosconfig": secret("context: home\n"),
    "trustedCertificates": "-----BEGIN CERTIFICATE-----\n",
    "urls": {"vault": "https://vault.example.com"},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "it's a checkout"
    place.mkdir()
    return place


def test_the_files_are_named_by_the_exports_and_read_by_nobody_else(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brought_up(root, OUTPUTS)
    assert access.main(["--stack", STACK], root) == 0
    exports = capsys.readouterr().out
    shown = subprocess.run(
        ["/bin/sh", "-c", f'{exports}\ncat "$KUBECONFIG" "$TALOSCONFIG" "$VAULT_CACERT"; echo "$VAULT_ADDR"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [
        "apiVersion: v1",
        "context: home",
        "-----BEGIN CERTIFICATE-----",
        "https://vault.example.com",
    ], "standard output can be given to eval, whatever the path of the checkout is"
    files = list((root / "build" / "access" / STACK).iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}, "each lets anybody be an administrator"


def test_what_an_earlier_cluster_left_does_not_stay(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    brought_up(root, {name: value for name, value in OUTPUTS.items() if name != "talosconfig"})
    directory = root / "build" / "access" / STACK
    directory.mkdir(parents=True)
    for name in ("talosconfig", "kubeconfig"):
        (directory / name).write_text("of another cluster", encoding="utf-8")
        (directory / name).chmod(0o644)
    assert access.main(["--stack", STACK], root) == 0
    assert not (directory / "talosconfig").exists(), "an existing cluster has no Talos of this program"
    assert (directory / "kubeconfig").stat().st_mode & 0o777 == 0o600, "a file keeps its mode when it is written to"
    assert "TALOSCONFIG" not in capsys.readouterr().out, "it would name a file that is not there"


def test_a_stack_that_was_never_brought_up_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    brought_up(root, {})
    assert access.main(["--stack", STACK], root) == 1
    assert "never brought up: make up STACK=test-cluster" in capsys.readouterr().err, "what to do first"
