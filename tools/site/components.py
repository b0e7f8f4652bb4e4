"""The page of components: what each makes, from its docstring."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path

_INTRODUCTION = """# Components

Every ComponentResource with what it creates and its outputs, as its docstring says. The type token is in the URN of
every resource below it, and names [its file](../../docs/architecture.md#from-a-resource-to-its-file).
"""


@dataclass(frozen=True)
class Component:
    """A ComponentResource of the program; `token` is its type."""

    token: str
    file: str
    docstring: str


def found(root: Path) -> Iterator[Component]:
    """Those below `components/`, by type token."""
    for path in sorted((root / "components").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for one in tree.body:
            if isinstance(one, ast.ClassDef) and any(
                ast.unparse(base).endswith("ComponentResource") for base in one.bases
            ):
                file = path.relative_to(root).as_posix()
                module = file.removeprefix("components/").removesuffix(".py")
                yield Component(f"home-cluster:{module}:{one.name}", file, cleandoc(ast.get_docstring(one) or ""))


def page(components: Iterator[Component]) -> str:
    """Text of the page."""
    return "\n".join([_INTRODUCTION, *(_section(one) for one in components)])


def _section(one: Component) -> str:
    name = one.token.rpartition(":")[2]
    text = one.docstring.replace("\nAttributes:\n", "\nOutputs:\n\n")
    lines = [f"- {line.strip()}" if line.startswith("    ") and ": " in line else line for line in text.splitlines()]
    return f"## {name}\n\n`{one.token}`, [{one.file}](../../{one.file})\n\n" + "\n".join(lines) + "\n"
