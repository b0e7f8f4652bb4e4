"""What `kubectl`, `talosctl` and `make` are in the shell of a game day: restores are the real ones, the rest is asked.

`python -m tools.game_day.command kubectl -n vault get pods`
"""

import json
import os
import shlex
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.backups import __main__ as backup
from tools.backups import restore
from tools.game_day.ground import ADDRESS, FOLDER, STACK
from tools.game_day.serving import COMMANDS

_RESTORE = {"STACK": "--stack", "WHAT": "--what", "FROM": "--from", "TO": "--to", "KEY": "--key", "YES": "--confirm"}
_BACKUP = {"STACK": "--stack", "TO": "--to"}


def main(program: str, words: Sequence[str]) -> int:
    """Exit code of the command."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        print("this is a command of a game day: `. ./env` in its directory first", file=sys.stderr)
        return 2
    if program == "make":
        targets = [word for word in words if "=" not in word and not word.startswith("-")]
        values = dict(word.split("=", 1) for word in words if "=" in word and not word.startswith("-"))
        if values.get("STACK", STACK) != STACK:
            print(f"the stack of a game day is {STACK}: STACK={STACK}", file=sys.stderr)
            return 2
        if targets == ["restore"]:
            return restore.main(_flags(_RESTORE, values), Path(folder))
        if targets == ["backup"]:
            return backup.main(_flags(_BACKUP, values), Path(folder))
    return _asked(program, words)


def _flags(known: dict[str, str], values: dict[str, str]) -> list[str]:
    named = [part for name, flag in known.items() if values.get(name) for part in (flag, values[name])]
    return [*named, *shlex.split(values.get("ARGS", ""))]


def _asked(program: str, words: Sequence[str]) -> int:
    given = sys.stdin.read() if program == "kubectl" and "-" in words else ""
    body = json.dumps({"program": program, "words": list(words), "given": given, "place": str(Path.cwd())}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{os.environ[ADDRESS]}{COMMANDS}", body, timeout=600) as reply:
            answer: dict[str, Any] = json.load(reply)
    except OSError:
        print("the game day does not answer: is `make game-day` still running?", file=sys.stderr)
        return 2
    if answer["program"]:
        # Its input and its terminal are the person's.
        os.execvpe(answer["program"][0], answer["program"], {**os.environ, **answer["environment"]})
    if answer["text"]:
        print(answer["text"], file=sys.stderr if answer["code"] else sys.stdout)
    return int(answer["code"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
