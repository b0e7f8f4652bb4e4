"""Texts of the scripts that run in pods (scripts/), and of the modules that they need there."""

import ast
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parent.parent / "scripts"
_PACKAGE = "scripts"


def script(name: str) -> str:
    """Text of a script: Python with the standard library only, so that tests can run it too."""
    return (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")


@cache
def modules(source: str) -> tuple[str, ...]:
    """Names of the scripts that a script imports, by the same names as everywhere, and they in turn."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            package, _, module = node.module.rpartition(".")
            names = [one.name for one in node.names] if node.module == _PACKAGE else [module] * (package == _PACKAGE)
            for name in names:
                found |= dict.fromkeys((name, *modules(script(name))))
    return tuple(found)
