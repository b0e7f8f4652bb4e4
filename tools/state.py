"""The exported state of a stack."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NO_STACK = "no stack named"
"""What the CLI (3.250.0) says of a stack that nobody brought up yet."""


class StateError(Exception):
    """The state cannot be had. The message is the CLI's."""


def exported(binary: Path, stack: str, root: Path) -> Mapping[str, Any] | None:
    """What `pulumi stack export` gives, secrets encrypted as they are; None where there is no such stack yet.

    Unlike `pulumi stack output` it needs no passphrase.

    Raises:
        StateError: when the CLI cannot reach its backend, for example.
    """
    command = [str(binary), "stack", "export", "--stack", stack, "--non-interactive"]
    quiet = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(command, cwd=root, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        if _NO_STACK in done.stderr:
            return None
        raise StateError(done.stderr.strip())
    found: dict[str, Any] = json.loads(done.stdout)
    return found
