"""What is the same for every program that setup finds or builds: its version, its place in the cache, its build."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools import go_build
from tools.files import UnavailableError, staged

ASKING = ("version",)
"""Arguments with which most programs print their version."""
_SECONDS = 60
"""That a program has to print it."""


class SilentError(UnavailableError):
    """A program did not answer in time, as on a busy machine."""


class Version(NamedTuple):
    """A version of a program. A pre-release sorts before its final release, as semantic versioning has it."""

    major: int
    minor: int
    patch: int
    final: bool

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """Read a version such as `v3.250.0` or `v3.251.0-alpha.1`; None for anything else."""
        match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?(\+[\w.-]+)?", text.strip())
        if match is None:
            return None
        major, minor, patch = (int(number) for number in match.groups()[:3])
        return cls(major, minor, patch, final=match[4] is None)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{'' if self.final else ' (a pre-release)'}"


class Found(NamedTuple):
    """A program: its path, how it came, and why not in a simpler way (both for people to read)."""

    binary: Path
    way: str
    because: str = ""


def cache() -> Path:
    """Where built and downloaded programs are kept: `$XDG_CACHE_HOME/home-cluster`, else `~/.cache/home-cluster`."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "home-cluster"


def version_of(binary: Path, asking: Sequence[str] = ASKING) -> Version | None:
    """The first version in what the binary prints for `asking`; None where it does not run or says none.

    Raises `SilentError`.
    """
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        run = subprocess.run(
            [str(binary), *asking], env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except OSError:
        return None
    except subprocess.TimeoutExpired:
        raise SilentError(f"{binary} does not tell its version within {_SECONDS} s") from None
    # Some print `<name>@<version>`.
    words = (word.rstrip(",") for word in re.split(r"[\s@]+", run.stdout))
    versions = filter(None, map(Version.parse, words))
    return next(versions, None) if run.returncode == 0 else None


def on_path(name: str, excluded: Sequence[Path] = (), asking: Sequence[str] = ASKING) -> tuple[Path, Version]:
    """The program `name` on PATH, but not in one of the directories `excluded`, and its version.

    Raises `UnavailableError` where there is none or it says no version.
    """
    directories = [entry for entry in os.get_exec_path() if Path(entry).resolve() not in excluded]
    found = shutil.which(name, path=os.pathsep.join(directories))
    if found is None:
        raise UnavailableError("none on PATH")
    version = version_of(Path(found), asking)
    if version is None:
        raise UnavailableError(f"{found} on PATH does not tell its version")
    return Path(found), version


def is_kept(binary: Path, version: str, asking: Sequence[str] = ASKING) -> bool:
    """Whether an earlier setup kept `version` at `binary`, in a directory of its own.

    One that does not run any more is removed with its directory.
    """
    if not _refuted(binary, version, asking):
        return True
    shutil.rmtree(binary.parent, ignore_errors=True)
    return False


def build(source: go_build.Source, directory: Path) -> str:
    """Build `source` and keep it as `directory`/<name>; returns the Go used. Raises `UnavailableError`."""
    with staged(directory) as stage:
        go = go_build.build(source, stage / source.name)
        prove(stage / source.name, source.version, source.asking)
    return go


def prove(binary: Path, version: str, asking: Sequence[str] = ASKING) -> None:
    """Refuse a program that does not run here or is not `version`; raises `UnavailableError`."""
    if _refuted(binary, version, asking):
        raise UnavailableError(f"what came as {binary.name} {version} does not run here or is another version")


def _refuted(binary: Path, version: str, asking: Sequence[str]) -> bool:
    """Whether it is no program of that version. One that is silent may well be: it took minutes to come by."""
    try:
        return version_of(binary, asking) != Version.parse(version)
    except SilentError:
        return False
