"""Sidecar of Vault: rotates the audit log before its volume is full, and makes Vault take a renewed certificate.

Vault reopens its audit files and reads its certificate again on SIGHUP, and only then. The pod shares its process
namespace, and both containers run as the same user. Only the standard library is there.

Environment:
    AUDIT_LOG: The file that Vault writes.
    CERTIFICATE: The certificate of Vault's listeners.
    ROTATE_BYTES: Size at which the log is put aside and compressed. Default: 64 MiB.
    KEEP_FREE: Share of the volume that stays free; the oldest logs go for it. Default: 0.25.
    PAUSE_SECONDS: Between two looks. Default: 15.
"""

import gzip
import hashlib
import os
import shutil
import signal
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

PROCESSES = Path("/proc")
_REOPEN_SECONDS = 2.0
"""Vault writes into the old file until it has acted on the signal."""


def servers(processes: Path = PROCESSES) -> list[int]:
    """Process ids of `vault server`. Other processes are called vault, too: each readiness probe is one."""
    found = []
    for entry in processes.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # ended meanwhile
        if Path(words[0].decode(errors="replace")).name == "vault" and words[1:2] == [b"server"]:
            found.append(int(entry.name))
    return found


def reload(processes: Path = PROCESSES) -> bool:
    """Tells Vault to reopen its files; False when there is no server to tell."""
    found = servers(processes)
    for process in found:
        os.kill(process, signal.SIGHUP)
    return bool(found)


def put_aside(log: Path, now: datetime) -> Path:
    """Renames the log; Vault goes on writing to it until it is told."""
    aside = log.with_name(f"{log.stem}-{now:%Y%m%dT%H%M%S%f}{log.suffix}")
    log.rename(aside)
    return aside


def compress(aside: Path) -> None:
    """Replaces a log by its compressed copy, which exists under its final name only once it is whole."""
    partial, whole = aside.with_name(f"{aside.name}.gz.part"), aside.with_name(f"{aside.name}.gz")
    with aside.open("rb") as plain, gzip.open(partial, "wb") as compressed:
        shutil.copyfileobj(plain, compressed, 1 << 16)
    partial.rename(whole)
    aside.unlink()


def old_logs(log: Path) -> list[Path]:
    """Logs put aside, oldest first."""
    return sorted(log.parent.glob(f"{log.stem}-*"))


def free_share(directory: Path) -> float:
    """What is free of the volume, from 0 to 1."""
    usage = shutil.disk_usage(directory)
    return usage.free / usage.total


def make_room(log: Path, keep_free: float) -> None:
    """Deletes the oldest logs until enough of the volume is free."""
    for oldest in old_logs(log):
        if free_share(log.parent) >= keep_free:
            return
        print(f"deleting {oldest.name}: less than {keep_free:.0%} of the volume is free")
        oldest.unlink()


def finish(log: Path) -> None:
    """Compresses what an interrupted rotation left behind."""
    for left in log.parent.glob(f"{log.stem}-*.part"):
        left.unlink()
    for aside in log.parent.glob(f"{log.stem}-*{log.suffix}"):
        compress(aside)


def rotate(log: Path, processes: Path = PROCESSES, reopen: float = _REOPEN_SECONDS) -> None:
    """Puts the log aside and compresses it once Vault writes to a new one."""
    aside = put_aside(log, datetime.now(UTC))
    if not reload(processes):
        aside.rename(log)  # nobody would make a new one
        return
    time.sleep(reopen)
    compress(aside)
    print(f"rotated into {aside.name}.gz")


def fingerprint(certificate: Path) -> str:
    """Of the file as it is now; empty while it is being replaced."""
    try:
        return hashlib.sha256(certificate.read_bytes()).hexdigest()
    except OSError:
        return ""


def main(environment: Mapping[str, str]) -> None:
    log, certificate = Path(environment["AUDIT_LOG"]), Path(environment["CERTIFICATE"])
    limit, keep_free = int(environment.get("ROTATE_BYTES", 64 << 20)), float(environment.get("KEEP_FREE", "0.25"))
    pause = float(environment.get("PAUSE_SECONDS", "15"))
    known = fingerprint(certificate)
    while True:
        try:
            make_room(log, keep_free)
            finish(log)
            if log.exists() and log.stat().st_size >= limit:
                rotate(log)
        except OSError as error:  # a full or failing volume; Vault has a second audit device
            print(f"the audit log cannot be rotated: {error}")
        current = fingerprint(certificate)
        if current not in ("", known) and reload():
            print("Vault takes the renewed certificate")
            known = current
        time.sleep(pause)


if __name__ == "__main__":
    main(os.environ)
