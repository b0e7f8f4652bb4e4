"""Prepare a checkout: `.venv/` with the locked packages, `.tools/pulumi` with the CLI.

Runs under any Python from 3.11 on, with nothing installed. A second run finds both current and changes nothing.
"""

import sys
from pathlib import Path

from tools import environment, pulumi_cli
from tools.files import SetupError, exclusive

ROOT = Path(__file__).resolve().parent.parent


def prepare(root: Path) -> None:
    """Bring `.venv/` and `.tools/` of the checkout `root` up to date, and print one line for each.

    Raises `SetupError` with one sentence that names what is missing.
    """
    with exclusive(root / ".tools" / "setup.lock", "setup: another `make setup` runs in this checkout, waiting for it"):
        print(f"setup: {environment.ensure(root)}", flush=True)
        print(f"setup: {pulumi_cli.ensure(root)}", flush=True)


if __name__ == "__main__":
    try:
        prepare(ROOT)
    except SetupError as error:
        sys.exit(f"setup: {error}")
