"""The sidecar that rotates Vault's audit log, run against real processes and files."""

import gzip
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import caretaker

# Writes to its log like Vault: one descriptor, opened anew on SIGHUP only. Its last line says how often that was.
SERVER = """
import signal, sys, time
path, hangups = sys.argv[1], 0
log = open(path, "a", buffering=1)
def reopen(*_):
    global log, hangups
    hangups += 1
    log.close()
    log = open(path, "a", buffering=1)
    print(f"reopened {hangups}", file=log)
signal.signal(signal.SIGHUP, reopen)
print("ready", file=log)
while True:
    time.sleep(0.01)
"""
WAIT = 20.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def vault(tmp_path: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose command line is that of a Vault server, and which logs like one."""
    program = tmp_path / "vault"
    program.symlink_to(sys.executable)
    (tmp_path / "server").write_text(SERVER)
    process = subprocess.Popen([str(program), "server", str(log)], cwd=tmp_path)
    until(lambda: log.exists() and "ready" in log.read_text())
    yield process
    process.kill()
    process.wait()


def until(condition: object) -> None:
    """Wait for another process to act."""
    deadline = time.monotonic() + WAIT
    while not (callable(condition) and condition()):
        assert time.monotonic() < deadline, "the other process never did it"
        time.sleep(0.01)


def test_the_server_is_told_apart_from_other_processes_of_that_name(tmp_path: Path) -> None:
    command_lines = {
        "1": b"/pause\0",
        "7": b"/usr/bin/dumb-init\0/bin/sh\0entry\0vault\0server\0-config=x\0",
        "12": b"vault\0server\0-config=/tmp/storageconfig.hcl\0",
        "13": b"vault\0status\0-tls-skip-verify\0",
        "14": b"/bank-vaults\0unseal\0",
        "15": b"",
    }
    for number, text in command_lines.items():
        (tmp_path / number).mkdir()
        (tmp_path / number / "cmdline").write_bytes(text)
    (tmp_path / "99").mkdir()
    (tmp_path / "self").mkdir()
    assert caretaker.servers(tmp_path) == [12], "a signal to a probe or to bank-vaults would end it"


def only(tmp_path: Path, vault: subprocess.Popen[bytes]) -> Path:
    """A directory of processes that holds this one server, whatever else runs on the machine."""
    processes = tmp_path / "processes"
    (processes / str(vault.pid)).mkdir(parents=True)
    (processes / str(vault.pid) / "cmdline").write_bytes(Path(f"/proc/{vault.pid}/cmdline").read_bytes())
    return processes


def test_a_rotated_log_keeps_every_line_and_the_server_goes_on_in_a_new_one(
    tmp_path: Path, log: Path, vault: subprocess.Popen[bytes]
) -> None:
    processes = only(tmp_path, vault)
    caretaker.rotate(log, processes, reopen=1.0)
    (kept,) = caretaker.old_logs(log)
    assert kept.name.endswith(".log.gz"), "compressed, and under its final name"
    assert gzip.decompress(kept.read_bytes()).decode().splitlines()[0] == "ready", "nothing of the old log is lost"
    until(lambda: log.exists() and "reopened 1" in log.read_text())
    assert vault.poll() is None, "the server was told, not ended"


def test_without_a_server_the_log_stays_where_it_is(tmp_path: Path, log: Path) -> None:
    log.write_text("line\n")
    (tmp_path / "processes").mkdir()
    caretaker.rotate(log, tmp_path / "processes", reopen=0)
    assert log.read_text() == "line\n", "a server that starts later appends to it"
    assert caretaker.old_logs(log) == [], "nothing was put aside"


def test_an_interrupted_rotation_is_finished_by_the_next_look(log: Path) -> None:
    aside = log.with_name("audit-20261101T000000000000.log")
    aside.write_text("line\n")
    log.with_name("audit-20261101T000000000000.log.gz.part").write_bytes(b"half")
    caretaker.finish(log)
    (kept,) = caretaker.old_logs(log)
    assert gzip.decompress(kept.read_bytes()) == b"line\n", "from the whole log, not from the half copy"
    assert kept.name == f"{aside.name}.gz", "once"


Usage = namedtuple("Usage", "total used free")


def test_the_oldest_logs_go_until_enough_is_free(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 6):
        log.with_name(f"audit-2026110{day}T000000000000.log.gz").write_bytes(b"x")
    log.write_text("current\n")

    def usage(_: Path) -> Usage:
        used = 15 * len(caretaker.old_logs(log)) + 10
        return Usage(100, used, 100 - used)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    caretaker.make_room(log, keep_free=0.5)
    left = [path.name[6:14] for path in caretaker.old_logs(log)]
    assert left == ["20261104", "20261105"], "the newest two leave more than half of the volume free"
    assert log.exists(), "the current log is never deleted"


def test_a_full_volume_is_told_and_the_certificate_is_still_looked_after(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = tmp_path / "tls.crt"
    certificate.write_text("old")
    log.write_text("too long")
    hangups: list[str] = []

    class Stopped(Exception):
        pass

    def pause(_: float) -> None:
        if hangups:
            raise Stopped
        certificate.write_text("new")

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    def told() -> bool:
        hangups.append(certificate.read_text())
        return True

    monkeypatch.setattr(caretaker, "rotate", full)
    monkeypatch.setattr(caretaker, "reload", told)
    monkeypatch.setattr(time, "sleep", pause)
    with pytest.raises(Stopped):
        caretaker.main({"AUDIT_LOG": str(log), "CERTIFICATE": str(certificate), "ROTATE_BYTES": "1"})
    assert hangups == ["new"], "Vault would serve the old certificate until it has expired"
    assert "No space left" in capsys.readouterr().out, "the log of the sidecar is all a person sees"


def test_a_certificate_that_is_being_replaced_is_no_renewed_one(tmp_path: Path) -> None:
    assert caretaker.fingerprint(tmp_path / "missing") == "", "the kubelet swaps the directory"
