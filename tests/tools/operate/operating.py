"""How the operations are run in a process of their own, and what their CLI says."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stack_file.load import load_stack_file
from stack_file.secrets import required_secrets
from tests.support.program import ROOT, STACK_FILE, secret_values
from tools import cluster, operate, recreate
from tools.doctor import checks
from tools.doctor.findings import Finding, Status

URN = "urn:pulumi:test-cluster::home-cluster::"

AGREED = ("--confirm", "test-cluster")
"""What `make destroy YES=test-cluster` hands over."""
Run = Callable[..., subprocess.CompletedProcess[str]]


def configured(checkout: Path, changes: dict[str, str | None]) -> None:
    """Secrets of the stack as `pulumi config --json --show-secrets` prints them (configValueJSON of pkg/cmd/pulumi)."""
    needed = {key.name: secret_values()[key.name] for key in required_secrets(load_stack_file(STACK_FILE))}
    values = {**needed, **changes}
    entries = {f"home-cluster:{name}": {"value": value, "secret": True} for name, value in values.items() if value}
    (checkout / "config").write_text(json.dumps(entries))


def become(arguments: tuple[str, ...], checkout: Path, environment: dict[str, str], said: tuple[Path, Path]) -> None:
    """Become the operation; forked off a process that has imported it. Doctor finds what the file `doctor` says."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for standard, file in zip((1, 2), said, strict=True):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), standard)
    cluster.PAUSE_SECONDS = 0
    checks.outside = lambda site, checks=(): _findings(checkout / "doctor")
    if arguments[0] == "recreate":
        sys.exit(recreate.main(list(arguments[1:]), checkout))
    operate.main(list(arguments), checkout)


def _findings(file: Path) -> Iterator[Finding]:
    """One failure for each line of the file; a line that ends in `!` stops an update."""
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        yield Finding(status=Status.FAILED, detail=line, check="doctor", stops=line.endswith("!"))


def applied(checkout: Path, *resources: Mapping[str, Any], **more: Any) -> None:
    """The state that the CLI exports: of these resources, each with a URN of its own."""
    named = [{"urn": f"{URN}{one['type']}::{place}", **one} for place, one in enumerate(resources)]
    (checkout / "state").write_text(json.dumps({"version": 3, "deployment": {"resources": named, **more}}))


def started(done: subprocess.CompletedProcess[str]) -> tuple[list[str], str, str]:
    """What the CLI was started with where it shows itself: arguments, SSL_CERT_DIR, directory."""
    assert done.returncode == 0, f"a sound stack file must reach the CLI: {done.stderr}"
    (*arguments, flag, _), trusted, directory = json.loads(done.stdout.splitlines()[-1])
    assert flag == "--event-log", "its events are for the report"
    return arguments, trusted, directory
