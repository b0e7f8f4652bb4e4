"""The pulumi CLI: found, downloaded or built, and linked as `.tools/pulumi`.

Four ways, tried in this order: a CLI on PATH that is new enough, the cache, the official release (checksum verified),
a build with Go from `tools/pulumi/go.mod`. The cache lies outside the checkout, so that every clone shares it.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tools import binaries, release
from tools.binaries import Found, Version
from tools.files import SetupError, UnavailableError, exclusive, link, staged
from tools.go_build import Source
from tools.waiting import ticking

VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def pinned(root: Path) -> str:
    """The version of the SDK in requirements.txt, such as `3.250.0`: the CLI must be at least that."""
    match = re.search(r"^pulumi==(\S+)", (root / "requirements.txt").read_text(), re.MULTILINE)
    if match is None or Version.parse(match[1]) is None:
        raise SetupError("requirements.txt does not pin pulumi to a version: run `make lock`.")
    return match[1]


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
    store = binaries.cache() / "pulumi" / version
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
    binary, actual = binaries.on_path("pulumi", excluded=[(root / ".tools").resolve()])
    if wanted is None:
        raise UnavailableError(f"{version} is no version")
    if actual.major != wanted.major or actual < wanted:
        raise UnavailableError(f"{binary} on PATH is {actual}, not {wanted.major}.x from {version} on")
    return Found(binary, f"{actual} found on PATH: {binary}")


def _cached(store: Path, version: str) -> Found:
    """A CLI that an earlier setup kept."""
    for kind, origin in (("release", "official release"), ("source", "built with Go")):
        binary = store / kind / "pulumi"
        if binaries.is_kept(binary, version):
            return Found(binary, f"{version} taken from the cache ({origin}): {binary.parent}")
    raise UnavailableError("none in the cache")


def _released(root: Path, store: Path, version: str, sites: Sequence[str]) -> Found:
    """The official release, kept in the cache."""
    with staged(store / "release") as directory, ticking("setup: downloading pulumi"):
        release.download(version, directory, sites, committed=root / "tools" / "pulumi")
        binaries.prove(directory / "pulumi", version)
    return Found(store / "release" / "pulumi", f"{version} downloaded from its release, checksum verified")


def _built(root: Path, store: Path, version: str, reason: str) -> Found:
    """The CLI built from source, kept in the cache. `reason` says why the release was not taken."""
    go = binaries.build(_source(root, version), store / "source")
    return Found(store / "source" / "pulumi", f"{version} built with {go} from tools/pulumi/go.mod", f" ({reason})")


def _source(root: Path, version: str) -> Source:
    """Flags and tags are those of the official build (`.goreleaser.yml` of github.com/pulumi/pulumi)."""
    linker = f"-s -w -X {VERSION_VARIABLE}=v{version}"
    return Source(
        name="pulumi",
        version=version,
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        module=root / "tools" / "pulumi",
        flags=("-trimpath", "-tags", "osusergo,grpcnotrace", "-ldflags", linker),
        duration="about five minutes",
    )
