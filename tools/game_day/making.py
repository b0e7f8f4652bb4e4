"""What `make` is in the shell of a game day: restore and backup are the real ones, the rest is asked of it."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.game_day import command

FOLDER: Final = "HOME_CLUSTER_GAME_DAY_FOLDER"
"""Variable of the person's shell: the checkout of the game day."""
STACK: Final = "home"
_FLAGS = {"STACK": "--stack", "WHAT": "--what", "FROM": "--from", "TO": "--to", "KEY": "--key", "YES": "--confirm"}


def main(words: Sequence[str]) -> int:
    """Exit code of the target."""
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    values = dict(word.split("=", 1) for word in words if "=" in word and not word.startswith("-"))
    if values.get("STACK", STACK) != STACK:
        print(f"the stack of a game day is {STACK}: STACK={STACK}", file=sys.stderr)
        return 2
    if targets not in (["restore"], ["backup"]) or FOLDER not in os.environ:
        return command.main("make", words)
    from tools.backups import __main__ as backup  # noqa: PLC0415 (seconds, which no other target takes)
    from tools.backups import restore  # noqa: PLC0415

    real = {"restore": restore.main, "backup": backup.main}[targets[0]]
    return real(_flags(values), Path(os.environ[FOLDER]))


def _flags(values: Mapping[str, str]) -> list[str]:
    named = [part for name, flag in _FLAGS.items() if values.get(name) for part in (flag, values[name])]
    return [*named, *shlex.split(values.get("ARGS", ""))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
