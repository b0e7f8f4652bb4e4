"""The servers of the tests: found on PATH or in the cache, else built with Go from the go.mod files below `tools/`.

`python -m tools.real_servers vault` (or another suite, or `all`) builds what is missing; with `--find` it only says
whether all is there. The program itself never runs these: the cluster brings its own.
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from tools import binaries
from tools.binaries import Found, Version
from tools.files import SetupError, UnavailableError, exclusive
from tools.real_programs import SUITES, Program

ROOT = Path(__file__).resolve().parent.parent


def find(program: Program, root: Path = ROOT) -> Found:
    """A program that is there already: on PATH if it is at least the pinned version, else in the cache.

    Raises `UnavailableError` with the reason why there is none.
    """
    version = program.pinned(root)
    try:
        return _on_path(program, version)
    except UnavailableError as error:
        binary = _store(program, version) / "source" / program.name
        if binaries.is_kept(binary, version, program.asking):
            return Found(binary, f"{version} taken from the cache: {binary.parent}")
        raise UnavailableError(
            f"{error}, none in the cache; `make {program.target or f'test-{program.suite}'}` builds it"
        ) from None


def ensure(program: Program, root: Path = ROOT) -> Found:
    """The program, built if need be. Raises `SetupError` where it cannot be built."""
    source = program.source(root)
    store = _store(program, source.version)
    with exclusive(store / "lock", f"setup: another process is building {program.name}, waiting for it"):
        try:
            return find(program, root)
        except UnavailableError:
            go = binaries.build(source, store / "source")
    return Found(store / "source" / program.name, f"{source.version} built with {go} from tools/{program.suite}/go.mod")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """One line about the programs of a suite; exits with 1 where one is missing."""
    parser = argparse.ArgumentParser(prog="python -m tools.real_servers", description=__doc__, allow_abbrev=False)
    parser.add_argument("suite", choices=[*SUITES, "all"])
    parser.add_argument("--find", action="store_true", help="build nothing")
    options = parser.parse_args(arguments)
    found: list[str] = []
    named = {"all": "with real servers", "real": "on the real rig"}.get(options.suite, f"with a real {options.suite}")
    everything = dict.fromkeys(chain.from_iterable(SUITES.values()))
    for program in SUITES.get(options.suite, everything):
        try:
            way = (find if options.find else ensure)(program, root).way
        except SetupError as error:
            sys.exit(f"no {program.name}, so the tests {named} do not run ({error})")
        found.append(f"{program.name} {way}")
    print(f"{', '.join(found)}; the tests {named} run")


def _on_path(program: Program, version: str) -> Found:
    wanted = Version.parse(version)
    binary, actual = binaries.on_path(program.name, asking=program.asking)
    if wanted is None or actual < wanted:
        raise UnavailableError(f"{binary} on PATH is {actual}, not {version} or newer")
    return Found(binary, f"{actual} found on PATH: {binary}")


def _store(program: Program, version: str) -> Path:
    return binaries.cache() / program.name / version


if __name__ == "__main__":
    main()
