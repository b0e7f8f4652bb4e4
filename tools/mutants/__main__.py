"""`python -m tools.mutants [--part 3/10] [--only gitea]`: plants each defect of tests/mutants.yaml in a copy of the
checkout, and says which tests notice it.

What a test noticed before, and was not changed since, is not asked again. A defect that none notices is a hole in the
tests: they get an assertion, or the defect changes nothing and goes.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.mutants import planting, report
from tools.mutants.catalogue import Mutant, catalogue, chosen, misplaced


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 when no defect of the part lives. One whose tests need a program that is not here was not run."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--part", default="", help="such as 3/10: the third tenth")
    parser.add_argument("--only", default="", help="those of a component's folder, or of another room of the tree")
    parser.add_argument("--again", action="store_true", help="also what was noticed before")
    parser.add_argument("--first", action="store_true", help="only the tests asked first: quick, and harsher")
    given = parser.parse_args(arguments)
    everything = catalogue()
    try:
        mutants = chosen(everything, given.part, given.only)
    except ValueError as error:
        return _refused([str(error)])
    if wrong := list(filter(None, map(misplaced, mutants))):
        return _refused(wrong)
    found = report.Report()
    found.read()
    left = [one for one in mutants if given.again or not found.noticed(one)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        root = Path(folder).resolve()
        planting.copy(root)
        if left:
            planting.prepare(root)
        _plant(left, root, found, first_alone=given.first)
        failing = planting.broken((name for one in mutants for name in found.killers(one)), root)
        found.forget(failing)
    found.write_page(everything)
    print(f"{report.summary(found.verdicts(everything))}: {found.path.with_suffix('.md')}")
    states = {one: report.state(verdict) for one, verdict in found.verdicts(mutants).items()}
    for one, state in states.items():
        if state != report.NOTICED:
            print(f"{state}: {one}")
    if failing:
        return _refused([f"fails with no defect planted: {name}" for name in failing])
    return 1 if report.LIVING in states.values() else 0


def _plant(mutants: Sequence[Mutant], root: Path, found: report.Report, *, first_alone: bool) -> None:
    for number, mutant in enumerate(mutants, start=1):
        verdict = planting.verdict(mutant, root, first_alone=first_alone)
        found.add(mutant, verdict)
        told = verdict.killed_by[0] if verdict.killed_by else report.state(verdict).upper()
        print(f"{number}/{len(mutants)} {verdict.seconds:5.1f} s  {mutant}\n    {told}", flush=True)


def _refused(reasons: Sequence[str]) -> int:
    print(*(f"mutants: {one}" for one in reasons), sep="\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
