"""`make rotate SECRET=gitea/admin STACK=home`: raise the generation of a secret in the stack file.

It edits the file and runs nothing: it prints what the next `make up` will do, step by step.
"""

import argparse
import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.secrets import Field, Kind, SecretDeclaration
from register.secrets import declare
from stack_file.load import load_stack_file
from tools.operate import ROOT, OperateError, stack_file
from tools.refusal import refusal
from tools.rotation import EditError, raised


class RotateError(Exception):
    """The secret cannot be rotated. The message says why, and what to do."""


def chosen(declarations: Sequence[SecretDeclaration], path: str) -> SecretDeclaration:
    """The secret of that path; raises RotateError when there is none, or when it can never change."""
    known = {declaration.path: declaration for declaration in declarations}
    if path not in known:
        close = difflib.get_close_matches(path, known, n=3) if path else []
        hint = f"did you mean {', '.join(close)}?" if close else f"its secrets are {', '.join(sorted(known))}"
        raise RotateError(f"SECRET={path}: is no secret of this stack; {hint}")
    if known[path].permanent:
        raise RotateError(f"SECRET={path}: can never be rotated ({known[path].permanent}); choose another secret")
    return known[path]


def chain(declaration: SecretDeclaration, generation: int) -> Iterator[str]:
    """What the next update does, in its order."""
    renewed = [field for field in declaration.fields if field.kind is not Kind.LITERAL]
    yield f"new values of {', '.join(map(_described, renewed))}"
    yield f"one new version of {declaration.vault_path} in Vault"
    if declaration.used_by_program:
        yield f"this program {declaration.used_by_program}"
    for reader in declaration.readers:
        yield f"ExternalSecret {reader} reads it" + "".join(
            [
                *(f"; Reloader restarts {workload}" for workload in reader.restarts),
                *(f"; Reflector copies it to {namespace}" for namespace in reader.reflect_to),
                *([f"; {reader.follows}"] if reader.follows else []),
            ]
        )
    if declaration.window:
        yield f"meanwhile: {declaration.window}"
    kept = [field.previous for field in declaration.fields if field.overlap]
    if kept:
        yield f"the values of generation {generation - 1} stay as {', '.join(kept)}; rotate once more to drop them"


def _described(field: Field) -> str:
    return f"{field.name} ({field.kind})"


def rotate(file: Path, path: str) -> tuple[SecretDeclaration, int]:
    """Raise the generation by one in the file; the secret, and the generation that it has now."""
    declaration = chosen(declare(load_stack_file(file)), path)
    generation = declaration.generation + 1
    file.write_text(raised(file.read_text(encoding="utf-8"), path, generation), encoding="utf-8")
    return declaration, generation


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when the file was edited, 1 when it stays as it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.rotate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--secret", default="", help="path of the secret, such as gitea/admin")
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    options = parser.parse_args(arguments)
    try:
        file = stack_file(root, options.stack)
        declaration, generation = rotate(file, options.secret)
    except (OperateError, RotateError, EditError, ValueError) as error:
        print(refusal("rotate", error), file=sys.stderr)
        return 1
    print(
        f"{file.name}: {declaration.path} is at generation {generation} now. The next update does this, in this order:"
    )
    for number, step in enumerate(chain(declaration, generation), start=1):
        print(f"  {number}. {step}")
    print(f"Nothing has run yet: make up STACK={options.stack}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
