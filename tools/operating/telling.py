"""What a person is told of an operation: how it ended on standard output, all else on standard error."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from lib.secret_state import outputs
from reporting import changes, progress, report
from reporting.changes import Change
from reporting.phases import Phases
from reporting.report import Run
from tools.operating import closing
from tools.operating.operation import Operation
from tools.state import reason

_LOG_WIDTH = 160  # of a table that goes into a file


class Teller:
    """Tells of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self.out, self.err = (Console(stderr=stderr) for stderr in (False, True))
        for console in (self.out, self.err):
            console.width = console.width if console.is_terminal else _LOG_WIDTH

    def say(self, text: str) -> None:
        """A sentence beside the result."""
        if text:
            self._print(self.err, f"{self._operation.name}: {text}")

    def log(self, name: str) -> Path:
        """Where the CLI's own output goes."""
        self._operation.directory.mkdir(parents=True, exist_ok=True)
        return self._operation.directory / f"{name}.log"

    def path(self, file: Path) -> str:
        """A file as a person names it from the checkout."""
        return str(file.relative_to(self._operation.engine.root))

    def changes(self, found: Sequence[Change], phases: Phases) -> None:
        """What a preview says would be done."""
        name, stack = self._operation.name, self._operation.stack
        # Of a destroy each line would be the same.
        for line in changes.lines(found) if name != "destroy" else ():
            self._print(self.out, f"  {line}")
        places = ", ".join(f"{phase.changes} in {phase.name}" for phase in phases.ordered() if phase.changes)
        summary = f"{changes.summary(found)} ({places})" if places else changes.summary(found)
        self._print(self.out, f"{name} of {stack} would {summary}")
        if found and name in ("preview", "up"):
            self.say(f"each property that differs: make preview STACK={stack} ARGS=--diff")

    def warnings(self, events: Iterable[Mapping[str, Any]]) -> None:
        """What the program and providers warn of."""
        self._section(self.err, "warnings", closing.warnings(events))

    def failures(self, events: Sequence[Mapping[str, Any]], log: Path) -> None:
        """What went wrong, in the words of the provider or program, or else of the CLI."""
        found = list(closing.failures(events))
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        self._section(self.out, "failed", found or [closing.shortened(reason(text))])

    def ended(self, run: Run, log: Path) -> None:
        """The phases, what failed, what to do by hand, where everything is, and what next."""
        operation = self._operation
        self.out.print(progress.table(run.phases, run.previous.get("phases")))
        if run.result not in ("succeeded", "interrupted"):
            self.failures(run.phases.events, log)
        self._section(self.out, "warnings", closing.warnings(run.phases.events))
        self._section(self.out, "addresses", addresses(run.urls))
        if run.result == "succeeded":
            first = not outputs(operation.before or {})
            next_steps = closing.next_steps(operation.name, operation.stack, operation.settings, first=first)
        else:
            next_steps = closing.helps(operation.name, operation.stack, run.phases.urns()[1], run.phases.events)
        self._section(self.out, "next", next_steps)
        left = [run.directory / name for name in (report.PAGE, report.REPORT, report.GRAPH)]
        self._section(self.out, "report", [self.path(file) for file in (*left, log) if file.exists()])

    def interrupted(self, *, begun: bool) -> None:
        """How to go on after Ctrl-C."""
        same = f"`make {self._operation.name} STACK={self._operation.engine.stack}`"
        kept = f"what was done so far is in the state, and {same} goes on from there"
        self.say(f"interrupted; {kept if begun else f'nothing was changed, and {same} begins again'}")

    def _section(self, console: Console, title: str, lines: Iterable[str]) -> None:
        found = list(lines)
        if found:
            self._print(console, f"{title}:")
        for text in found:
            self._print(console, "\n".join(f"  {line}" for line in text.splitlines()))

    def _print(self, console: Console, text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def addresses(urls: Mapping[str, Any]) -> list[str]:
    """Each service with its address."""
    wide = max((len(name) for name in urls), default=0)
    return [f"{name:<{wide}}  {url}" for name, url in urls.items()]
