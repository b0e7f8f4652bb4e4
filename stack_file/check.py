"""`python -m stack_file.check FILE...`: refuse a defective stack file before the engine starts."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib import runbooks
from lib.secret_state import applied_generations
from lib.secrets import skipped
from register.secrets import declare
from settings import changes
from stack_file import machines
from stack_file.load import load_stack_file

RUNBOOK = runbooks.path("refusals.md#the-stack-file-is-refused")


def defects(path: Path, state: Mapping[str, Any] | None = None) -> Iterator[str]:
    """What is wrong with a stack file, one line each.

    Args:
        state: Exported state of the stack, which says what was applied last; None where there is none.
    """
    try:
        settings = load_stack_file(path)
        declarations = declare(settings)
    except FileNotFoundError:
        yield "no such stack file; write one with: make new STACK=<name>"
    except ValueError as error:
        yield from str(error).splitlines()
    else:
        exported = state or {}
        # Of the secret settings only the program knows what they are; it compares them in the preview.
        ruled = (*changes.declared(settings), *changes.generations(declarations))
        yield from changes.refused(changes.applied(exported), ruled)
        yield from skipped(applied_generations(exported), declarations)
        yield from machines.refused(exported, settings)


def refused(path: Path, state: Mapping[str, Any] | None = None) -> bool:
    """Whether a stack file has defects; each is told on standard error, and where to read on."""
    lines = list(defects(path, state))
    for line in (*lines, RUNBOOK) if lines else ():
        print(f"{path}: {line}", file=sys.stderr)
    return bool(lines)


def main(arguments: list[str]) -> int:
    """Exit code 0 when every file is sound, 1 with one line per defect otherwise."""
    return 1 if any([refused(path) for path in map(Path, arguments)]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
