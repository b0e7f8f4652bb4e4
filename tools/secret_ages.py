"""`make secrets STACK=home`: every secret of a stack, its generation, its age and its readers. Values never."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lib.secret_state import applied_generations, created_at
from lib.secrets import SecretDeclaration
from register.secrets import declare
from stack_file.load import load_stack_file
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import StateError, exported
from tools.waiting import interruptible, ticking

_PIPE_WIDTH = 10_000


def rows(
    declarations: Sequence[SecretDeclaration], state: Mapping[str, Any], now: datetime
) -> Iterator[tuple[SecretDeclaration, int | None, datetime | None]]:
    """Each secret, the generation that was applied and when its value was made; the oldest first, None comes last."""
    applied, since = applied_generations(state), created_at(state, declarations)
    for one in sorted(declarations, key=lambda one: (one.path not in since, since.get(one.path, now), one.path)):
        yield one, applied.get(one.path), since.get(one.path)


def table(declarations: Sequence[SecretDeclaration], state: Mapping[str, Any], now: datetime) -> Table:
    """One row for each secret, for people."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("secret", "generation", "made", "age", "readers"):
        shown.add_column(heading, overflow="fold")
    for one, applied, since in rows(declarations, state, now):
        shown.add_row(
            one.path,
            _generation(one, applied),
            since.strftime("%Y-%m-%d %H:%M UTC") if since else "not yet",
            _age(now - since) if since else "",
            ", ".join(map(str, one.readers)),
        )
    return shown


def document(
    declarations: Sequence[SecretDeclaration], state: Mapping[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """One object for each secret, for programs: `generation` is that of the stack file, null where it has none."""
    return [
        {
            "secret": one.path,
            "generation": None if one.permanent else one.generation,
            "applied": applied,
            "made": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if since else None,
            "readers": list(map(str, one.readers)),
        }
        for one, applied, since in rows(declarations, state, now)
    ]


def _generation(declaration: SecretDeclaration, applied: int | None) -> str:
    if declaration.permanent:
        return "permanent"
    if applied is None or applied == declaration.generation:
        return str(declaration.generation)
    return f"{applied}, {declaration.generation} with the next update"


def _age(age: Any) -> str:
    if age.days:
        return f"{age.days} d"
    return f"{age.seconds // 3600} h" if age.seconds >= 3600 else f"{age.seconds // 60} min"  # noqa: PLR2004 - an hour


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the secrets were printed."""
    parser = argparse.ArgumentParser(prog="python -m tools.secret_ages", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--json", action="store_true", help="for a program: a list of objects")
    options = parser.parse_args(arguments)
    try:
        declarations = declare(load_stack_file(stack_file(root, options.stack)))
        with ticking(f"secrets: reading the state of {options.stack}"):
            state = exported(cli(root), options.stack, root)
    except (OperateError, StateError, ValueError) as error:
        print(refusal("secrets", error), file=sys.stderr)
        return 1
    if state is None:
        print(f"secrets: {options.stack} was never brought up; these would be made", file=sys.stderr)
    now = datetime.now(UTC)
    if options.json:
        print(json.dumps(document(declarations, state or {}, now), indent=2))
    else:
        # Into a pipe a row is a line, however long its names are.
        console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
        console.print(table(declarations, state or {}, now))
    return 0


if __name__ == "__main__":
    with interruptible("secrets: interrupted; nothing was changed"):
        sys.exit(main())
