"""Prepare a checkout: `.venv` with the locked packages, `.tools/pulumi` with the CLI.

Runs under any Python from 3.11 on, with nothing installed. A second run finds both current and changes nothing.
"""

import sys
from pathlib import Path

from tools import environment, pulumi_cli
from tools.files import SetupError, exclusive
from tools.refusal import refusal
from tools.waiting import interruptible

ROOT = Path(__file__).resolve().parent.parent


def prepare(root: Path) -> None:
    """Bring `.venv` and `.tools/` of the checkout `root` up to date, and print one line for each.

    Raises `SetupError` with one sentence that names what is missing.
    """
    with exclusive(root / ".tools" / "setup.lock", "setup: another `make setup` runs in this checkout, waiting for it"):
        # On standard error: what a command of make prints can be piped.
        print(f"setup: {environment.ensure(root)}", file=sys.stderr, flush=True)
        print(f"setup: {pulumi_cli.ensure(root)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        with interruptible("setup: interrupted; what was there stays in use, and `make setup` begins again"):
            prepare(ROOT)
    except SetupError as error:
        sys.exit(refusal("setup", error))
