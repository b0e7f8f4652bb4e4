"""`python -m settings.check FILE...`: refuse a defective stack file before the engine starts."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib import machines
from lib.matrix import identity
from lib.secret_registry import declare
from lib.secret_state import applied_generations
from lib.secrets import lowered
from settings.load import load_stack_file


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
        applied = state or {}
        yield from lowered(applied_generations(applied), declarations)
        yield from machines.refused(applied, settings)
        if settings.matrix.kept:
            yield from identity.renamed(identity.applied_record(applied), settings.matrix.server_name)


def refused(path: Path, state: Mapping[str, Any] | None = None) -> bool:
    """Whether a stack file has defects; each is told on standard error."""
    lines = list(defects(path, state))
    for line in lines:
        print(f"{path}: {line}", file=sys.stderr)
    return bool(lines)


def main(arguments: list[str]) -> int:
    """Exit code 0 when every file is sound, 1 with one line per defect otherwise."""
    return 1 if any([refused(path) for path in map(Path, arguments)]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
