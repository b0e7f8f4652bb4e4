"""`make assurance`: strike every resource of a stack on the lab; exit code 0 when nothing is lost."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import datetime

from lab.assurance import told
from lab.assurance.tracks import KINDS, Assurance
from lab.checkout import ROOT, LabError, Stack
from lab.world import WorldError
from settings.problem import Problem
from stack_file.check import refused
from tools.refusal import refusal
from tools.waiting import INTERRUPTED

_PARTS = 2


def _part(text: str) -> tuple[int, int]:
    """`2/8`, counted from one."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise LabError(str(Problem("PART", text, "is no part", "say PART=2/8 for the second of eight")))
    return int(part), int(parts)


def _kinds(text: str) -> list[str]:
    chosen = text.split(",") if text else list(KINDS)
    if unknown := [one for one in chosen if one not in KINDS]:
        raise LabError(str(Problem("KINDS", ",".join(unknown), "is no kind of fault", f"there are {', '.join(KINDS)}")))
    return chosen


def _say(text: str) -> None:
    print(f"{datetime.now():%H:%M:%S} {text}", flush=True)


def main(arguments: list[str]) -> int:
    """Exit code 0 when nothing was lost, 1 when something was or nothing could be tried."""
    parser = argparse.ArgumentParser(prog="python -m lab.assurance", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="test-cluster", help="name of the stack file, Pulumi.<name>.yaml")
    parser.add_argument("--part", default="", help="2/8: the second of eight parts; without it all, one after another")
    parser.add_argument("--only", default="", help="create:gitea-gate: one case alone")
    parser.add_argument("--kinds", default="", help=f"some of {','.join(KINDS)}")
    parser.add_argument("--fresh", action="store_true", help="forget what was tried before")
    options = parser.parse_args(arguments)
    directory = ROOT / "build" / "assurance" / options.stack
    stack = Stack(ROOT, options.stack, directory / "none")
    if refused(stack.file, None):
        return 1
    try:
        kinds, chosen = _kinds(options.kinds), [_part(options.part)] if options.part else []
        if options.fresh:
            shutil.rmtree(directory, ignore_errors=True)
        parts = chosen or [(one, _PARTS) for one in range(1, _PARTS + 1)]
        runs = [Assurance(stack=stack, directory=directory, part=one, parts=of, say=_say) for one, of in parts]
        if options.only:
            found = told.tally({"only": runs[0].only(options.only)})
        else:
            for one in runs:
                one.run(kinds)
            found = told.of_parts(directory, parts[0][1])
            told.write(found, ROOT / "build")
    except KeyboardInterrupt:
        _say("interrupted: the same command goes on from there")
        return INTERRUPTED
    except (LabError, WorldError) as error:
        print(refusal("assurance", error), file=sys.stderr)
        return 1
    print("\n".join(found.table()))
    return 0 if found.total and not found.lost and not found.disagree else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
