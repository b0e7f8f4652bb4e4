"""The Vault server of the tests: found on PATH or in the cache, else built with Go from `tools/vault/go.mod`.

`python -m tools.vault_server` builds it where it is missing; with `--find` it only says whether it is there. The
program itself never runs this server: the chart brings the one in the cluster.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import binaries
from tools.binaries import Found, Version
from tools.files import SetupError, UnavailableError, exclusive
from tools.go_build import Source

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "github.com/hashicorp/vault"


def pinned(root: Path) -> str:
    """The version in tools/vault/go.mod, such as `1.21.0`."""
    match = re.search(
        rf"^\s*{re.escape(PACKAGE)} v(\S+)", (root / "tools" / "vault" / "go.mod").read_text(), re.MULTILINE
    )
    if match is None:
        raise SetupError(f"tools/vault/go.mod does not require {PACKAGE}.")
    return match[1]


def find(root: Path) -> Found:
    """A server that is there already: on PATH if it is at least the pinned version, else in the cache.

    Raises `UnavailableError` with the reason why there is none.
    """
    version = pinned(root)
    try:
        return _on_path(version)
    except UnavailableError as error:
        binary = _store(version) / "source" / "vault"
        if binaries.is_kept(binary, version):
            return Found(binary, f"{version} taken from the cache: {binary.parent}")
        raise UnavailableError(f"{error}, none in the cache; `make test-vault` builds it") from None


def ensure(root: Path) -> Found:
    """The server, built if need be. Raises `SetupError` where it cannot be built."""
    version = pinned(root)
    with exclusive(_store(version) / "lock", "setup: another process is building vault, waiting for it"):
        try:
            return find(root)
        except UnavailableError:
            go = binaries.build(_source(root, version), _store(version) / "source")
    return Found(_store(version) / "source" / "vault", f"{version} built with {go} from tools/vault/go.mod")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """One line about the server; exits with 1 where there is none."""
    parser = argparse.ArgumentParser(prog="python -m tools.vault_server", description=__doc__, allow_abbrev=False)
    parser.add_argument("--find", action="store_true", help="build nothing")
    options = parser.parse_args(arguments)
    try:
        found = find(root) if options.find else ensure(root)
    except SetupError as error:
        sys.exit(f"no vault server, so its tests do not run ({error})")
    print(f"vault {found.way}; its tests run")


def _on_path(version: str) -> Found:
    wanted = Version.parse(version)
    binary, actual = binaries.on_path("vault")
    if wanted is None or actual < wanted:
        raise UnavailableError(f"{binary} on PATH is {actual}, not {version} or newer")
    return Found(binary, f"{actual} found on PATH: {binary}")


def _store(version: str) -> Path:
    return binaries.cache() / "vault" / version


def _source(root: Path, version: str) -> Source:
    return Source(
        name="vault",
        version=version,
        package=PACKAGE,
        module=root / "tools" / "vault",
        # Without symbols; the web interface needs a build of its own, so this server has none.
        flags=("-ldflags", "-s -w"),
        duration="about fifteen minutes on two cores",
    )


if __name__ == "__main__":
    main()
