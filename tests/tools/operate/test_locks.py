"""The lock of an operation that ended, or that may live."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.operate.operating import Run, started


def _lock(checkout: Path, pid: int, host: str) -> Path:
    """A lock as the engine (3.250.0) writes it (pkg/backend/diy/lock.go)."""
    file = checkout / "backend" / ".pulumi" / "locks" / "organization" / "home-cluster" / "test-cluster" / "1.json"
    file.parent.mkdir(parents=True)
    content = {"pid": pid, "username": "ann", "hostname": host, "timestamp": "2026-11-26T20:00:00Z"}
    file.write_text(json.dumps(content))
    return file


@pytest.mark.failure("operation-cut-off")
def test_the_lock_of_a_dead_process_goes_once_somebody_agreed(run: Run, checkout: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    lock = _lock(checkout, ended.pid, socket.gethostname())
    done = run("up", "--stack", "test-cluster")
    assert done.returncode == 1, "nobody was asked"
    assert "its process is gone" in done.stderr, f"what is wrong: {done.stderr!r}"
    assert "ARGS=--yes" in done.stderr, f"how to agree without a terminal: {done.stderr!r}"
    assert lock.exists(), "nothing happened"
    arguments, _, _ = started(run("up", "--stack", "test-cluster", "--yes"))
    assert arguments[-1] == "--yes", "the CLI gets it as well"
    assert not lock.exists(), "pulumi cancel removed it"


@pytest.mark.parametrize(
    ("pid", "host"), [(os.getpid(), socket.gethostname()), (1, "another-machine")], ids=["alive", "elsewhere"]
)
def test_the_lock_of_an_operation_that_may_live_stays(run: Run, checkout: Path, pid: int, host: str) -> None:
    lock = _lock(checkout, pid, host)
    # As the CLI takes it, from where it is started.
    done = run("destroy", "--stack", "test-cluster", "--yes", PULUMI_BACKEND_URL="file://./backend")
    assert done.returncode == 1, "two operations at once"
    assert f"ann runs an operation of this stack on {host} (process {pid}" in done.stderr, f"who: {done.stderr!r}"
    assert "pulumi cancel test-cluster" in done.stderr, f"and what to do if not: {done.stderr!r}"
    assert lock.exists(), "nothing is taken away from a living operation"
