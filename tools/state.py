"""The exported state of a stack."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.secret_state import outputs

_NO_STACK = "no stack named"
"""What the CLI (3.250.0) says of a stack that nobody brought up yet."""


class StateError(Exception):
    """The state cannot be had. The message is the CLI's."""


def exported(binary: Path, stack: str, root: Path, *, secrets: bool = False) -> Mapping[str, Any] | None:
    """What `pulumi stack export` gives; None where there is no such stack yet.

    Secrets are encrypted as they are, for which no passphrase is needed, or in plain text for `lib.secret_state.plain`.

    Raises:
        StateError: when the CLI cannot reach its backend, for example.
    """
    command = [str(binary), "stack", "export", "--stack", stack, "--non-interactive"]
    command += ["--show-secrets"] if secrets else []
    quiet = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(command, cwd=root, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        if _NO_STACK in done.stderr:
            return None
        raise StateError(done.stderr.strip())
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def opened(binary: Path, stack: str, root: Path) -> Mapping[str, Any]:
    """The state with its secrets in plain text, of a stack that was brought up; raises StateError."""
    found = exported(binary, stack, root, secrets=True)
    if not outputs(found or {}):
        raise StateError(f"{stack} was never brought up: make up STACK={stack}")
    return found or {}
