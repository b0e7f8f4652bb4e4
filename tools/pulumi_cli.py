"""The pulumi CLI: found, downloaded or built, and linked as `.tools/pulumi`.

Four ways, tried in this order: a CLI on PATH that is new enough, the cache, the official release (checksum verified),
a build with Go from `tools/pulumi/go.mod`. The cache lies outside the checkout, so that every clone shares it.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tools import go_build, release
from tools.files import SetupError, UnavailableError, exclusive, link, staged


class Version(NamedTuple):
    """A version of the CLI. A pre-release sorts before its final release, as semantic versioning has it."""

    major: int
    minor: int
    patch: int
    final: bool

    @classmethod
    def parse(cls, text: str) -> "Version | None":
        """Read what `pulumi version` prints, such as `v3.250.0` or `v3.251.0-alpha.1`; None for anything else."""
        match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)(-[\w.-]+)?(\+[\w.-]+)?", text.strip())
        if match is None:
            return None
        major, minor, patch = (int(number) for number in match.groups()[:3])
        return cls(major, minor, patch, final=match[4] is None)


class Found(NamedTuple):
    """A CLI: its path, how it came, and why not in a simpler way (both for people to read)."""

    binary: Path
    way: str
    because: str = ""


def pinned(root: Path) -> str:
    """The version of the SDK in requirements.txt, such as `3.250.0`: the CLI must be at least that."""
    match = re.search(r"^pulumi==(\S+)", (root / "requirements.txt").read_text(), re.MULTILINE)
    if match is None or Version.parse(match[1]) is None:
        raise SetupError("requirements.txt does not pin pulumi to a version: run `make lock`.")
    return match[1]


def cache() -> Path:
    """Where built and downloaded CLIs are kept: `$XDG_CACHE_HOME/home-cluster`, else `~/.cache/home-cluster`."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "home-cluster"


def version_of(binary: Path) -> Version | None:
    """What version the CLI at `binary` says it is; None where it does not run or says something else."""
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        run = subprocess.run(
            [str(binary), "version"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Version.parse(run.stdout) if run.returncode == 0 else None


def ensure(root: Path, sites: Sequence[str] = release.SITES) -> str:
    """Make `root/.tools/pulumi` a CLI that fits the pinned SDK, and say in one line which way it took.

    `sites` are the base URLs of the release. Raises `SetupError` where all ways are closed, with each one's reason.
    """
    version = pinned(root)
    linked, record = root / ".tools" / "pulumi", root / ".tools" / "pulumi.json"
    known = _known(linked, record, version)
    if known:
        return f"pulumi is current ({known})"
    found = _find(root, version, sites)
    link(linked, found.binary)
    record.write_text(json.dumps({"pinned": version, "way": found.way, "state": _state(linked)}))
    return f"pulumi {found.way}{found.because}"


def _state(binary: Path) -> list[str | int]:
    """What changes when the file behind `binary` is replaced."""
    status = binary.stat()
    return [str(binary.resolve()), status.st_size, status.st_mtime_ns]


def _known(linked: Path, record: Path, version: str) -> str | None:
    """How the linked CLI came, where it is still the one recorded for `version`. Instant: it starts no process."""
    try:
        entry = json.loads(record.read_text())
        current = entry["pinned"] == version and entry["state"] == _state(linked)
        return str(entry["way"]) if current else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _find(root: Path, version: str, sites: Sequence[str]) -> Found:
    """The first of the four ways that is open."""
    store = cache() / "pulumi" / version
    reasons: list[str] = []

    def attempt(way: Callable[[], Found]) -> Found | None:
        try:
            return way()
        except UnavailableError as error:
            reasons.append(str(error))
            return None

    found = attempt(lambda: _on_path(root, version))
    if found:
        return found
    # Two checkouts set up at once must not both download or build: the second waits and finds the cache filled.
    with exclusive(store / "lock", "setup: another setup is fetching pulumi, waiting for it"):
        found = (
            attempt(lambda: _cached(store, version))
            or attempt(lambda: _released(root, store, version, sites))
            or attempt(lambda: _built(root, store, version, reasons[-1]))
        )
    if found:
        return found
    raise SetupError(
        f"no pulumi CLI to be had ({'; '.join(reasons)}): install Go (https://go.dev/doc/install) or "
        f"pulumi {version} (https://www.pulumi.com/docs/install/), then run `make setup` again."
    )


def _on_path(root: Path, version: str) -> Found:
    """A CLI on PATH of the pinned major version that is at least the pinned one; `.tools` itself does not count."""
    wanted = Version.parse(version)
    tools = (root / ".tools").resolve()
    path = [entry for entry in os.get_exec_path() if Path(entry).resolve() != tools]
    name = shutil.which("pulumi", path=os.pathsep.join(path))
    if name is None:
        raise UnavailableError("none on PATH")
    actual = version_of(Path(name))
    if actual is None or wanted is None:
        raise UnavailableError(f"{name} on PATH does not tell its version")
    shown = ".".join(map(str, actual[:3])) + ("" if actual.final else " (a pre-release)")
    if actual.major != wanted.major or actual < wanted:
        raise UnavailableError(f"{name} on PATH is {shown}, not {wanted.major}.x from {version} on")
    return Found(Path(name), f"{shown} found on PATH: {name}")


def _cached(store: Path, version: str) -> Found:
    """A CLI that an earlier setup kept. One that does not run any more is removed."""
    for kind, origin in (("release", "official release"), ("source", "built with Go")):
        directory = store / kind
        if version_of(directory / "pulumi") == Version.parse(version):
            return Found(directory / "pulumi", f"{version} taken from the cache ({origin}): {directory}")
        shutil.rmtree(directory, ignore_errors=True)
    raise UnavailableError("none in the cache")


def _released(root: Path, store: Path, version: str, sites: Sequence[str]) -> Found:
    """The official release, kept in the cache."""
    with staged(store / "release") as directory:
        release.download(version, directory, sites, committed=root / "tools" / "pulumi")
        _prove(directory / "pulumi", version)
    return Found(store / "release" / "pulumi", f"{version} downloaded from its release, checksum verified")


def _built(root: Path, store: Path, version: str, reason: str) -> Found:
    """The CLI built from source, kept in the cache. `reason` says why the release was not taken."""
    with staged(store / "source") as directory:
        go = go_build.build(version, root / "tools" / "pulumi", directory / "pulumi")
        _prove(directory / "pulumi", version)
    return Found(store / "source" / "pulumi", f"{version} built with {go} from tools/pulumi/go.mod", f" ({reason})")


def _prove(binary: Path, version: str) -> None:
    """Refuse a CLI that does not run here or is not `version`."""
    if version_of(binary) != Version.parse(version):
        raise UnavailableError(f"what came as pulumi {version} does not run here or is another version")
