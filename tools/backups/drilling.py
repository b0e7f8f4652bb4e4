"""`make restore-drill STACK=home`: drill every part on a bench beside the stack, which itself is left alone.

Exit code 1 when a part did not come back as it was; `--fault` plants what has to make it so.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stack_file.load import load_stack_file
from tools.backups.drill import Trial, tried
from tools.backups.part import Fault
from tools.backups.registry import PARTS
from tools.backups.summary import DRILL
from tools.operate import ROOT, OperateError, stack_file
from tools.refusal import refusal
from tools.waiting import interruptible, ticking


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when every part came back as it was."""
    parser = argparse.ArgumentParser(prog="python -m tools.backups.drilling", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--what", default="", choices=["", *(part.name for part in PARTS)], help="one part alone")
    parser.add_argument("--fault", type=Fault, choices=list(Fault), help="plant this, to see that the drill fails")
    options = parser.parse_args(arguments)
    try:
        settings = load_stack_file(stack_file(root, options.stack))
    except (OperateError, ValueError) as error:
        print(refusal("restore-drill", error), file=sys.stderr)
        return 2
    trials = []
    for part in PARTS:
        if options.what not in ("", part.name):
            continue
        with ticking(f"restore-drill: {part.name}"), tempfile.TemporaryDirectory() as folder:
            trials.append(tried(part, settings, Path(folder), options.fault))
    found = document(options.stack, trials, datetime.now(UTC), options.fault)
    text = "\n".join(lines(found))
    print(text)
    if options.fault is None and not options.what:
        folder = root / "build" / options.stack
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DRILL).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (folder / DRILL).with_suffix(".md").write_text(f"{text}\n", encoding="utf-8")
    return 1 if any(trial.problem for trial in trials) else 0


def document(stack: str, trials: Sequence[Trial], now: datetime, fault: Fault | None = None) -> dict[str, Any]:
    """The report for programs."""
    parts = [
        {"part": one.part, "result": one.result, "what": one.what, "problem": one.problem or None, "seconds": one.took}
        for one in trials
    ]
    return {
        "stack": stack,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "result": "failed" if any(trial.problem for trial in trials) else "held",
        "planted": fault,
        "parts": parts,
    }


def lines(report: dict[str, Any]) -> Sequence[str]:
    """The report for people, in Markdown."""
    planted = f", with a fault planted: {report['planted']}" if report["planted"] else ""
    rows = [
        f"| {one['part']} | {one['result']} | {one['what']} | {_seconds(one['seconds'])} | {one['problem'] or ''} |"
        for one in report["parts"]
    ]
    return [
        f"# Restore drill of {report['stack']}: {report['result']}{planted}",
        "",
        f"At {report['time']}. A sentinel was written, backed up, destroyed and restored, then looked for.",
        "",
        "| part | result | on | seconds | problem |",
        "| --- | --- | --- | --- | --- |",
        *rows,
    ]


def _seconds(took: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:g}" for name, seconds in took.items())


if __name__ == "__main__":
    with interruptible("restore-drill: interrupted"):
        sys.exit(main())
