"""What the setup scripts share: their error, a lock between processes, and replacement in one step."""

import errno
import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.waiting import ticking


class SetupError(Exception):
    """Setup cannot go on. The message is one sentence: what is missing, and how to get it."""


class UnavailableError(SetupError):
    """One way to get something is closed, and the next may be open. The message is the reason."""


@contextmanager
def exclusive(path: Path, waiting: str) -> Iterator[None]:
    """Hold the lock file `path` (`flock`, so it falls with the process); print `waiting` where another holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, file=sys.stderr, flush=True)
            with ticking("setup: waiting"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def staged(final: Path) -> Iterator[Path]:
    """Give an empty directory beside `final` to fill, and rename it to `final` when the block succeeds.

    A reader sees the whole directory or none. Where another process put a directory there meanwhile, that one stays.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        yield directory
        directory.chmod(0o755)
        try:
            directory.rename(final)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def link(path: Path, target: Path) -> None:
    """Make `path` a symbolic link to `target`, replacing what is there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)
