"""`make doctor STACK=home`: whether everything is there that the next `make up` needs.

One line for each thing, ok, failed or skipped, and below what failed what to do. Exit code 1 when something failed.
`make up` looks at the same before it begins.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from settings.problem import SettingsError
from settings.redundancy import single_points_of_failure, unchecked_hosts
from stack_file.load import load_stack_file
from tools.doctor import local
from tools.doctor.checks import OUTSIDE, outside
from tools.doctor.findings import Finding, as_json, broken, gathered, lines, skipped, summary, told
from tools.doctor.site import Site
from tools.operate import ROOT, OperateError, stack_file
from tools.refusal import refusal
from tools.state import Engine
from tools.waiting import interruptible


def examined(file: Path, stack: str, root: Path) -> Iterator[Finding]:
    """Everything, in order; what needs something that is not there is skipped."""
    binary, found = local.programs(root)
    yield from _named("programs", found)
    engine = Engine(binary, stack, root) if binary is not None else None
    state, found = local.backend(engine) if engine is not None else (None, [skipped("there is no pulumi")])
    yield from _named("backend", found)
    settings, found = local.stack(file, state or {})
    yield from _named("stack file", found)
    if settings is None:
        yield from (replace(skipped("the stack file has defects"), check=check.name) for check in OUTSIDE)
        return
    secrets: Mapping[str, str] = {}
    found = [skipped("the stack is not open, see above")]
    if engine is not None and state is not None:
        secrets, found = local.values(engine, settings)
    yield from _named("secrets", found)
    yield from outside(Site(settings=settings, secrets=secrets, state=state or {}))


def _only_ones(file: Path) -> list[str]:
    """What there is only one of or was not checked; nothing to mend, but to know. None of a stack file with defects."""
    try:
        settings = load_stack_file(file)
        return [str(one) for one in (*single_points_of_failure(settings), *unchecked_hosts(settings))]
    except SettingsError:
        return []


def _named(check: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    return (replace(finding, check=check) for finding in findings)


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.doctor", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--json", action="store_true", help="for programs: stack, ok, results and notes")
    options = parser.parse_args(arguments)
    try:
        file = stack_file(root, options.stack)
    except OperateError as error:
        print(refusal("doctor", error), file=sys.stderr)
        return 1
    findings: list[Finding] = []

    def seen() -> Iterator[Finding]:
        for finding in examined(file, options.stack, root):
            findings.append(finding)
            yield finding

    for finding in gathered(seen()):
        if not options.json:
            print("\n".join(lines(finding)), flush=True)
    notes = _only_ones(file)
    if options.json:
        print(as_json(options.stack, findings, notes))
    else:
        print("\n".join(("", *told(notes), f"{options.stack}: {summary(findings)}")))
    return 1 if broken(findings) else 0


if __name__ == "__main__":
    with interruptible("interrupted; nothing was changed"):
        sys.exit(main())
