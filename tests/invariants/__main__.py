"""`make invariants`: what the program of a stack file says to each invariant; no cluster, made-up secrets."""

import argparse
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from invariants import catalogue
from invariants.invariant import Invariant, Violation
from stack_file import check
from tests.support.program import ROOT, record_program

_WIDTH = 80


def table(found: list[tuple[Invariant, Violation]]) -> Iterator[str]:
    """Lines of 80 columns: each invariant with the number of its violations, and below it which they are."""
    for one in catalogue.ALL:
        own = [violation for asked, violation in found if asked is one]
        yield from textwrap.wrap(
            one.statement, _WIDTH, initial_indent=f"{len(own) or 'ok':>4}  {one.id:26}", subsequent_indent=" " * 32
        )
        for violation in own:
            name, kind = violation.urn.split("::")[-1], violation.urn.split("::")[-2].rpartition("$")[2]
            said = f"{name} ({kind}): {violation.what}; {violation.fix}"
            yield from textwrap.wrap(said, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 8)


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Exit code 1 when an invariant is broken, 2 when there is no program to ask."""
    parser = argparse.ArgumentParser(prog="make invariants", description=__doc__)
    parser.add_argument("--stack", required=True, help="the stack: Pulumi.<stack>.yaml")
    path = root / f"Pulumi.{parser.parse_args(arguments).stack}.yaml"
    if check.refused(path):
        return 2
    runs = [record_program(preview=preview, stack_file=path) for preview in (True, False)]
    found = list(dict.fromkeys(one for run in runs for one in catalogue.violations(run)))
    print("\n".join(table(found)))
    print(f"{len(catalogue.ALL)} invariants of {len(runs[0].resources)} resources: {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
