"""The virtual environment `.venv/`, installed from the lock files with every hash checked."""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

from tools.files import SetupError

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

    An environment of other lock files or another interpreter is made anew, so nothing is left over in it.
    Raises `SetupError` where Python cannot make environments or a package cannot be had.
    """
    venv = root / ".venv"
    stamp = venv / STAMP
    wanted = digest(root)
    if stamp.is_file() and stamp.read_text() == wanted and (venv / "bin" / "python").exists():
        return ".venv is current"
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            f"{sys.executable} cannot make virtual environments (it has no ensurepip): "
            "install its venv package (Debian and Ubuntu: apt install python3-venv)."
        )
    print(f"setup: making .venv from {' and '.join(LOCKS)} (about a minute)", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(venv)], "the virtual environment could not be made")
    # --only-binary: building a source package would run code that no hash covers. --no-deps: the locks are complete.
    install = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
    for name in LOCKS:
        install += ["-r", str(root / name)]
    _run(install, "the packages could not be installed; is the package index of pip reachable (pip config list)?")
    stamp.write_text(wanted)
    return f".venv made with Python {sys.version.split()[0]}"


def _run(command: list[str], failure: str) -> None:
    """Run `command` with its output shown; raise `SetupError(failure)` where it fails."""
    if subprocess.run(command, check=False).returncode:
        raise SetupError(f"{failure} (the reason is above)")
