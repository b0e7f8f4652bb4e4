"""What `make bench` and `make bench-real` do alike: rounds, progress, a page and a file in `build/`."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.markdown import Markdown

from lab.checkout import ROOT, LabError

BUILD: Final = ROOT / "build"
Say = Callable[[str], object]
Measure = Callable[[int, Say], tuple[Mapping[str, Any], str]]
"""Of a number of rounds, and of whom progress is told: the results, and the page that tells them."""


def run(target: str, purpose: str | None, measure: Measure, *, rounds: int) -> int:
    """Exit code 0 once everything was measured, whether or not goals are reached; 1 where it could not be."""
    parser = argparse.ArgumentParser(prog=f"make {target}", description=purpose)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"pairs of each operation (default: {rounds})")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    begun = time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - begun:4.0f} s  {what}", highlight=False)

    try:
        found, text = measure(options.rounds, say)
    except LabError as error:
        console.print(f"{target}: not measured: {error}", markup=False)
        return 1
    BUILD.mkdir(exist_ok=True)
    (BUILD / f"{target}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (BUILD / f"{target}.md").write_text(text, encoding="utf-8")
    console.print(Markdown(text))
    say(f"build/{target}.json, build/{target}.md")
    return 0
