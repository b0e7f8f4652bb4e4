"""`make backup STACK=home`: back up the state with what has to lie beside it (docs/backups.md); TO= names a directory.

What lies in the cluster is backed up by the cluster itself, on its schedules. Exit code 1 where nothing was written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stack_file.load import load_stack_file
from tools.backups import site, state, store, summary
from tools.backups.archive import SHEET
from tools.backups.store import BackupError
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import Engine
from tools.waiting import interruptible, ticking


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the backup is written, and was read back."""
    parser = argparse.ArgumentParser(prog="python -m tools.backups", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--to", default="", help="a directory, in place of the target of the stack file")
    options = parser.parse_args(arguments)
    try:
        settings = load_stack_file(stack_file(root, options.stack))
        engine = Engine(cli(root), options.stack, root)
        with ticking(f"backup: writing the state of {options.stack}"):
            given = store.directory(Path(options.to), settings.cluster.name) if options.to else None
            there = given or site.opened(engine, settings)
            copy = state.write(engine, settings, there)
    except (BackupError, OperateError, ValueError) as error:
        print(refusal("backup", error), file=sys.stderr)
        return 1
    print(f"{there.address}/{copy.name} ({summary.size(copy.size).rstrip(', ')}), and the passphrase at hand opens it")
    print(f"what else has to lie outside: {there.address}/{state.NAME}/{SHEET}")
    return 0


if __name__ == "__main__":
    with interruptible("backup: interrupted"):
        sys.exit(main())
