"""`python -m tools.failure_listing [--check]`: docs/failures.md, from tests/failures.yaml and the markers of tests."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from stack_file.schema import write_or_check

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
TARGET = ROOT / "docs" / "failures.md"

KINDS: Mapping[str, str] = {
    "settings check": "the stack file is refused, before anything is created",
    "doctor": "what the machine, Proxmox and the network say is asked before an operation begins",
    "type": "the wrong thing cannot be written",
    "invariant": "a property of everything that the program declares, under many stack files",
    "order": "a dependency between resources",
    "gate": "a resource that fails while something is not as it must be, and holds back what depends on it",
    "drill": "the failure is played through, and measured",
    "report": "somebody is told, in the words of who can put it right",
    "alert": "the same, while nobody is looking",
}

_INTRODUCTION = """# Failures, and what keeps them away

The cluster before this one was repaired in 474 of 868 commits. These are its classes of failures, and those that were
found since. Each has something that prevents it or finds it, and tests that fail when the defect is put back; such a
test says so by the marker `failure`. `make generate` writes this page.

How something is kept away:

"""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A class of failures: what goes wrong, by which kind of thing it is kept away (`KINDS`), and how."""

    failure: str
    kind: str
    by: str


def catalogue() -> Mapping[str, Mapping[str, Failure]]:
    """Each class by its area and its key, which is the argument of the marker."""
    areas = yaml.safe_load((TESTS / "failures.yaml").read_text(encoding="utf-8"))
    return {area: {key: Failure(**one) for key, one in rows.items()} for area, rows in areas.items()}


def marked(root: Path = TESTS) -> Mapping[str, list[str]]:
    """Tests by the key of what they keep away, each as pytest names it; in the order of their files."""
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for test in (one for one in tree.body if isinstance(one, ast.FunctionDef)):
            for key in _keys(test):
                found.setdefault(key, []).append(f"{path.relative_to(root.parent)}::{test.name}")
    return found


def _keys(test: ast.FunctionDef) -> Iterator[str]:
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.failure":
            yield from (ast.literal_eval(argument) for argument in decorator.args)


def text() -> str:
    """The page."""
    tests = marked()
    lines = [_INTRODUCTION.rstrip("\n"), ""]
    lines += [f"- **{kind}**: {meaning}" for kind, meaning in KINDS.items()]
    for area, rows in catalogue().items():
        lines += ["", f"## {area}", "", "| failure | by | kept away by | test |", "| --- | --- | --- | --- |"]
        for key, one in rows.items():
            named = "<br>".join(f"`{test}`" for test in tests.get(key, []))
            lines.append(f"| {one.failure} | {one.kind} | {one.by} | {named} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(), sys.argv[1:]))
