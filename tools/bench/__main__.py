"""`make bench`: what the program costs, as ratios to a floor that is measured in the same run."""

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from lab.checkout import LabError
from tools.bench import growth, operations, results
from tools.bench.page import page
from tools.refusal import refusal
from tools.waiting import interruptible

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


def main() -> int:
    """Exit code 0 once everything was measured, whether or not goals are reached."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4, help="pairs of each operation (default: 4)")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    begun = time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - begun:4.0f} s  {what}", highlight=False)

    try:
        found = operations.measured(BUILD / "bench", options.rounds, say)
    except LabError as error:
        console.print(refusal("bench", error), markup=False)
        return 1
    imported = operations.imports(options.rounds, say)
    grown = {kind: growth.measured(kind, say) for kind in growth.KINDS}
    say("bring-up")
    told = results.document(found, imported, grown, results.bring_up(found.state))
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    text = page(told)
    (BUILD / "bench.md").write_text(text, encoding="utf-8")
    console.print(Markdown(text))
    say("build/bench.json, build/bench.md")
    return 0


if __name__ == "__main__":
    with interruptible("bench: interrupted"):
        sys.exit(main())
