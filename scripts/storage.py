"""Proves that a volume can be provisioned, attached, mounted, written and read.

Provisioning and mounting are proven by the pod having started. Environment: VOLUME (where it is mounted), MEBIBYTES
(how much to write). Removes what it wrote.
"""

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts import gate

MEBIBYTE = 1024 * 1024


def write(path: Path, mebibytes: int) -> str:
    """Writes random data through to the disk; its SHA-256."""
    written = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(mebibytes):
            block = os.urandom(MEBIBYTE)
            written.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return written.hexdigest()


def read(path: Path) -> str:
    """SHA-256 of the file, read past the page cache where the system allows it."""
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(environment: Mapping[str, str]) -> int:
    """Exit code of the probe."""
    volume, mebibytes = Path(environment["VOLUME"]), int(environment["MEBIBYTES"])
    if not os.path.ismount(volume):
        return gate.give_up(f"{volume}: is no mounted volume")
    return prove(volume / "probe", mebibytes)


def prove(path: Path, mebibytes: int) -> int:
    """Writes and reads `path`; exit code of the probe."""
    try:
        written, seen = write(path, mebibytes), read(path)
    except OSError as error:
        return gate.give_up(f"{path.parent}: cannot be used: {error}")
    finally:
        path.unlink(missing_ok=True)
    if written != seen:
        return gate.give_up(f"{path.parent}: read {seen}, wrote {written}")
    print(f"{path.parent}: wrote and read {mebibytes} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
