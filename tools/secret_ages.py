"""`make secrets STACK=home`: every secret of a stack, its generation, its age and its readers. Values never."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lib.secret_registry import declare
from lib.secret_state import applied_generations, made
from lib.secrets import SecretDeclaration
from settings import load_stack_file
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.state import StateError, exported


def table(declarations: Sequence[SecretDeclaration], state: Mapping[str, Any], now: datetime) -> Table:
    """One row for each secret; the oldest values first, what was never applied last."""
    applied, since = applied_generations(state), made(state, declarations)
    shown = Table(box=None, pad_edge=False)
    for heading in ("secret", "generation", "made", "age", "readers"):
        shown.add_column(heading, overflow="fold")
    for one in sorted(declarations, key=lambda one: (one.path not in since, since.get(one.path, now), one.path)):
        shown.add_row(
            one.path,
            _generation(one, applied.get(one.path)),
            since[one.path].strftime("%Y-%m-%d %H:%M UTC") if one.path in since else "not yet",
            _age(now - since[one.path]) if one.path in since else "",
            ", ".join(map(str, one.readers)),
        )
    return shown


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
    """Exit code 0 when the table was printed."""
    parser = argparse.ArgumentParser(prog="python -m tools.secret_ages", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    options = parser.parse_args(arguments)
    try:
        declarations = declare(load_stack_file(stack_file(root, options.stack)))
        state = exported(cli(root), options.stack, root)
    except (OperateError, StateError, ValueError) as error:
        print(f"secrets: {error}", file=sys.stderr)
        return 1
    if state is None:
        print(f"secrets: {options.stack} was never brought up; these would be made", file=sys.stderr)
    Console(soft_wrap=True).print(table(declarations, state or {}, datetime.now(UTC)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
