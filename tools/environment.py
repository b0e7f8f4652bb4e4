"""The virtual environment `.venv`, installed from the lock files with every hash checked."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.files import SetupError, link
from tools.waiting import ticking

LOCKS = ("requirements.txt", "requirements-dev.txt")
STAMP = "home-cluster.sha256"


def digest(root: Path) -> str:
    """SHA-256 (hex) of all that decides what `.venv/` holds: lock files, interpreter, and the place itself."""
    summary = hashlib.sha256(f"{sys.version}\n{sys.base_prefix}\n{root}\n".encode())
    for name in LOCKS:
        summary.update((root / name).read_bytes())
    return summary.hexdigest()


def ensure(root: Path) -> str:
    """Make `root/.venv` agree with the lock files, and say in one line what was done.

    An environment of other lock files or another interpreter is made anew beside the one in use, as its scripts name
    their place. `.venv` is a link to it once it is whole, so that whatever fails before leaves the old one in use.
    Raises `SetupError` where Python cannot make environments or a package cannot be had.
    """
    venv = root / ".venv"
    wanted = digest(root)
    if _holds(venv, wanted):
        return ".venv is current"
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            f"{sys.executable} cannot make virtual environments (it has no ensurepip): "
            "install its venv package (Debian and Ubuntu: apt install python3-venv)."
        )
    made = root / ".venvs" / wanted[:12]
    if not _holds(made, wanted):
        print(f"setup: making .venv from {' and '.join(LOCKS)} (about a minute)", file=sys.stderr, flush=True)
        with ticking("setup: making .venv"):
            _run([sys.executable, "-m", "venv", "--clear", str(made)], "the virtual environment could not be made")
        install(root, made)
        (made / STAMP).write_text(wanted)
    _swap(venv, made)
    return f".venv made with Python {sys.version.split()[0]}"


def _holds(venv: Path, wanted: str) -> bool:
    stamp = venv / STAMP
    return stamp.is_file() and stamp.read_text() == wanted and (venv / "bin" / "python").exists()


def install(root: Path, venv: Path) -> None:
    """Install the locked packages into an environment; raises `SetupError`, also where a hash is not the locked one."""
    # --only-binary: building a source package would run code that no hash covers. --no-deps: the locks are complete.
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
    for name in LOCKS:
        command += ["-r", str(root / name)]
    with ticking("setup: installing packages"):
        _run(command, "the packages could not be installed; is the package index of pip reachable (pip config list)?")


def _swap(venv: Path, made: Path) -> None:
    """Put `made` in the place of what is there, and remove that where setup made it."""
    before = venv.resolve()
    if venv.is_dir() and not venv.is_symlink():
        before = made.with_name(f"before-{os.getpid()}")  # setup used to make a directory here
        venv.rename(before)
    link(venv, made)
    if before.parent.resolve() == made.parent.resolve() and before.name != made.name:
        shutil.rmtree(before, ignore_errors=True)


def _run(command: list[str], failure: str) -> None:
    """Run `command` with its output shown; raise `SetupError(failure)` where it fails."""
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode:
        raise SetupError(f"{failure} (the reason is above)")
