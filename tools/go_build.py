"""Programs built with Go from a go.mod of this project: needs a Go module proxy and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.files import UnavailableError
from tools.waiting import ticking

OLDEST = (1, 21)
"""The first Go that fetches by itself the toolchain that go.mod asks for (go.dev/doc/toolchain)."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A program as its go.mod pins it.

    Attributes:
        name: Of the program.
        version: As the program tells it, such as `3.250.0`.
        package: Go package of its main function.
        module: Directory of the go.mod.
        flags: Of `go build`, besides those that hold for all.
        duration: About how long a build takes, for people to read.
        asking: Its arguments that print the version.
    """

    name: str
    version: str
    package: str
    module: Path
    flags: Sequence[str]
    duration: str
    asking: Sequence[str] = ("version",)


def build(source: Source, binary: Path) -> str:
    """Build `source` to the file `binary`; returns the Go used, such as `go1.26.8`.

    Raises `UnavailableError` where Go is missing, too old, or the build fails.
    """
    go = shutil.which("go")
    if go is None:
        raise UnavailableError("Go is not installed")
    # CGO_ENABLED=0: no C compiler needed. GOTOOLCHAIN: some packagings of Go default to `local` and would give up.
    environment = {"GOTOOLCHAIN": "auto"} | os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    with ticking("setup: asking Go"):
        using = _version(go, source.module, environment)
    place = f"tools/{source.module.name}/go.mod"
    print(
        f"setup: building {source.name} {source.version} with {using} from {place} ({source.duration})",
        file=sys.stderr,
        flush=True,
    )
    command = [go, "build", "-mod=readonly", "-buildvcs=false", *source.flags, "-o", str(binary), source.package]
    # Go names each of the hundreds of modules it downloads; only a failure is worth reading.
    with ticking(f"setup: building {source.name}"):
        run = subprocess.run(command, cwd=source.module, env=environment, capture_output=True, text=True, check=False)
    if run.returncode:
        print(*run.stderr.splitlines()[-20:], sep="\n", file=sys.stderr, flush=True)
        raise UnavailableError("the build with Go failed, the reason is above")
    return using


def _version(go: str, module: Path, environment: dict[str, str]) -> str:
    """The version of Go that builds `module`; raises `UnavailableError` where there is none that can."""
    # Asked in the root directory, where no go.mod that it cannot read stops an old Go from naming itself.
    installed = _ask(go, Path("/"), environment | {"GOTOOLCHAIN": "local"})
    match = re.match(r"go(\d+)\.(\d+)", installed)
    if match and (int(match[1]), int(match[2])) < OLDEST:
        raise UnavailableError(f"{go} is {installed}, too old: {'.'.join(map(str, OLDEST))} or newer is needed")
    return _ask(go, module, environment)


def _ask(go: str, directory: Path, environment: dict[str, str]) -> str:
    """`go env GOVERSION` in `directory`; may fetch a toolchain there."""
    command = [go, "env", "GOVERSION"]
    run = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if run.returncode or not run.stdout.startswith("go"):
        # Its last line is the reason, for one that the toolchain cannot be fetched.
        reason = (run.stderr.strip() or run.stdout.strip() or "no output").splitlines()[-1]
        raise UnavailableError(f"{go} does not work here ({reason})")
    return run.stdout.strip()
