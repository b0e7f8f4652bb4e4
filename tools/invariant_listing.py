"""`python -m tools.invariant_listing [--check]`: docs/invariants.md, from the invariants themselves."""

import sys
from pathlib import Path

from invariants import catalogue
from stack_file.schema import write_or_check

TARGET = Path(__file__).resolve().parent.parent / "docs" / "invariants.md"

_INTRODUCTION = """# Invariants

What holds of every resource that the program declares, whatever the stack file says. Each is a small function over a
plain view of the resources (`invariants/`): types, names, inputs, what depends on what. `make generate` writes this
page. They are asked in three places:

- **Of a stack file**: `make invariants STACK=<name>` runs the program under it without a cluster, with made-up secrets,
  and prints each invariant with what breaks it. The exit code is 1 when something does.
- **Of the program**: the tests ask them under the shipped stack file and those in `tests/fixtures/stacks/valid`, and
  plant a violation of each, which has to be found.
- **While an operation runs**: `policy/` is a policy pack of Pulumi with the same functions
  ([below](#as-a-policy-pack)).

Defects of settings are refused before there is a program at all ([configuration](configuration.md)). What is not said
of single resources, such as the order of phases, is left to the tests in `tests/invariants/`.
"""

_POLICY = """
## As a policy pack

`make policy` makes its environment, with an SDK of policies that cannot stand beside the program's own packages. Then
`pulumi preview --policy-pack policy`, and likewise `up`: a violation ends the operation before anything is created.
Invariants of one resource are policies by their id; the others are asked once all resources are known, together by area
(`stack-secrets` and so on), because the SDK reads all resources again for each policy of a stack.

The language host of the official CLI starts the pack. A CLI built from source has none, and takes a program
`pulumi-analyzer-policy-python` on PATH instead, which has to run `.venv/bin/python .` in the folder of the pack
(`NewPolicyAnalyzer` in pkg/resource/plugin/analyzer_plugin.go of Pulumi 3.250).

Not asked there: `secret-marked`, because marks of secrets do not reach a pack. Generated values are known to it once
their resources are, so the other invariants of secrets look for nothing in the first preview.
"""


def text() -> str:
    """The page."""
    lines = [_INTRODUCTION.rstrip("\n")]
    for area, several in catalogue.AREAS.items():
        lines += ["", f"## {area}", "", "| id | what holds | why |", "| --- | --- | --- |"]
        lines += [f"| `{one.id}` | {one.statement} | {one.why} |" for one in several]
    return "\n".join(lines) + "\n" + _POLICY


if __name__ == "__main__":
    sys.exit(write_or_check(TARGET, text(), sys.argv[1:]))
