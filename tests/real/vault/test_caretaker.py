"""The caretaker beside a real Vault: its signal makes it write a new audit log and serve a renewed certificate."""

import gzip
import json
import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from components.vault.values import AUDIT_LOG
from scripts import caretaker
from tests.real.vault.server import AUDIT, issued
from tests.real.vault.site import Site

SECONDS = 30


@pytest.fixture
def log(site: Site) -> Path:
    """What the second audit device of the program writes."""
    (device,) = [one for one in site.program.of_type("vault:index/audit:Audit") if one.get("path") == "file"]
    assert device.get("options", "file_path") == AUDIT_LOG, "the file that the caretaker is told of"
    return site.server.directory / AUDIT / Path(AUDIT_LOG).name


@pytest.fixture
def processes(site: Site, tmp_path: Path) -> Path:
    """Those the caretaker sees: in a pod its own, here the one server of this test among all of the machine."""
    (own,) = [one for one in caretaker.servers() if Path(f"/proc/{one}/cwd").resolve() == site.server.directory]
    (tmp_path / str(own)).mkdir()
    (tmp_path / str(own) / "cmdline").write_bytes(Path(f"/proc/{own}/cmdline").read_bytes())
    return tmp_path


def until(condition: Callable[[], bool], reason: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, reason
        time.sleep(0.05)


def asked(log: Path, marker: str) -> bool:
    """Whether the log has a request for a path."""
    return log.is_file() and any(
        json.loads(line)["request"].get("path", "").endswith(marker) for line in log.read_text().splitlines()
    )


def test_after_a_rotation_vault_writes_to_a_new_log_and_no_entry_is_lost(
    site: Site, log: Path, processes: Path
) -> None:
    site.root.ask("GET", "kv/metadata/before-the-rotation")
    assert asked(log, "before-the-rotation"), "the device writes to the file"
    before = set(caretaker.old_logs(log))
    caretaker.rotate(log, processes)
    site.root.ask("GET", "kv/metadata/after-the-rotation")
    assert asked(log, "after-the-rotation"), "Vault has opened the new file"
    (kept,) = set(caretaker.old_logs(log)) - before
    assert "before-the-rotation" in gzip.decompress(kept.read_bytes()).decode(), "what was written before is kept"


def test_vault_serves_on_while_its_audit_file_cannot_be_written(site: Site, log: Path, processes: Path) -> None:
    aside = log.with_name("kept")
    log.rename(aside)
    log.mkdir()  # no file can be opened there now
    try:
        assert caretaker.reload(processes), "it is told to open its files"
        for _ in range(5):
            site.root.expect("GET", "sys/mounts")
        entries = [entry["request"]["path"] for entry in site.server.audit_log() if entry["type"] == "request"]
        assert entries[-5:] == ["sys/mounts"] * 5, "the other device has every request"
    finally:
        log.rmdir()
        aside.rename(log)
        caretaker.reload(processes)
    site.root.expect("GET", "sys/mounts")


def test_a_renewed_certificate_is_served_by_every_listener(site: Site, processes: Path) -> None:
    directory = site.server.directory
    known = caretaker.fingerprint(directory / "tls.crt")
    certificate, key = issued(site.program, site.authority)  # the tests after this one use the server by every name
    for name, content in (("tls.crt", certificate), ("tls.key", key)):
        (directory / f"{name}.new").write_bytes(content)
        os.replace(directory / f"{name}.new", directory / name)
    assert caretaker.fingerprint(directory / "tls.crt") != known, "which is how the caretaker notices"
    caretaker.reload(processes)
    until(
        lambda: ssl.get_server_certificate(("127.0.0.1", site.server.port)).encode() == certificate,
        "Vault serves the old certificate",
    )
