"""A track: one stack that is struck step after step, each step an operation that says what came of the one before.

What a track has done stands in its directory, so one that was cut off goes on where it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lab import recovery
from lab.assurance import judge
from lab.assurance.judge import Seen
from lab.assurance.operation import Operating
from lab.assurance.platform import Platform
from lab.assurance.step import IN_TWO, Step, made_up_for, of_all, of_one
from lab.checkout import Stack

Verdicts = dict[str, list[str]]
"""Case (`what URN`) -> what was lost; nothing of one that was survived."""


@dataclass
class Progress:
    """How far a track is.

    Attributes:
        waiting: URN -> what struck it, of those that were not made up for yet.
        untried: Case -> why it did not come about.
        operations: How many of each kind there were.
        over: Whether the last operation had nothing left to strike, as a destroy that came to its end.
    """

    step: int = 0
    verdicts: Verdicts = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    over: bool = False
    ended: bool = False


Following = Callable[[Progress], Step | None]
"""The step that comes next; None where all were done."""


class Track:
    """A stack in `directory`/work, and what became of it."""

    def __init__(self, directory: Path, stack: Stack, platform: Platform, say: Callable[[str], object]) -> None:
        self.directory, self.platform, self._say = directory, platform, say
        directory.mkdir(parents=True, exist_ok=True)
        self.stack = replace(stack, workdir=directory / "work")
        self.operating = Operating(self.stack)
        self._file = directory / "progress.json"
        self.progress = read(self._file)

    def run(self, following: Following, last: Step) -> Progress:
        """Strike, step after step; `last` makes up for all of it, and a preview after it must want nothing."""
        self._restore()
        while not self.progress.ended and (step := following(self.progress)) is not None:
            self._kept(partial(self._strike, step))
        if not self.progress.ended:
            self._kept(partial(self._end, last))
        return self.progress

    def _strike(self, step: Step) -> None:
        progress, waiting = self.progress, dict(self.progress.waiting)
        seen = self.operating.operate(step)
        found = list(of_all(self.platform, step, seen, waiting))
        if step.looks and not seen.ok:
            for following in IN_TWO:
                again = self.operating.operate(following)
                self._count(step.what)
                found += of_all(self.platform, replace(step, operation=following.operation), again, waiting)
                seen = seen.followed_by(again)
        for urn, what in waiting.items():
            self._settle(urn, what, seen, struck_again=urn in (*step.struck, *step.beside))
        for urn in step.struck:
            if not step.met(seen, urn):
                progress.untried[step.case(urn)] = "the operation ended before it came to this"
                continue
            progress.verdicts[step.case(urn)] = [*of_one(self.platform, step, seen, urn), *found]
            if step.how or step.fails:
                progress.waiting[urn] = step.what
        progress.step += 1
        self._count(step.what)
        progress.over = not any(step.met(seen, urn) for urn in step.struck)
        tried = [step.case(urn) for urn in step.struck if step.case(urn) in progress.verdicts]
        lost = sum(1 for case in tried if progress.verdicts[case])
        self._say(f"{self.directory.name}: {step.what} {len(tried)}, lost {lost} {'; '.join(found[:3])}")

    def _settle(self, urn: str, what: str, seen: Seen, *, struck_again: bool) -> None:
        """Whether the operation made up for what was struck before; what is held back once more goes on waiting."""
        if urn not in seen.steps or struck_again:
            return
        del self.progress.waiting[urn]
        if not made_up_for(what, seen, urn):
            told = f"the next operation did not make up for it: {dict(seen.steps[urn])}"
            self.progress.verdicts[f"{what} {urn}"].append(told)

    def _end(self, last: Step) -> None:
        for _ in range(2):
            seen = self.operating.operate(last)
            self._count(last.what)
            for urn, what in dict(self.progress.waiting).items():
                self._settle(urn, what, seen, struck_again=False)
            if seen.ok:
                break
        problems = [] if seen.ok else [f"it never comes to its end: {seen.error[:500]}"]
        if last.operation == "up":
            problems += judge.lasting(self.operating.preview())
            for urn, what in self.progress.waiting.items():
                self.progress.verdicts[f"{what} {urn}"].append("it was never made up for")
        else:
            problems += judge.left(recovery.state(self.stack) or {})
        for verdict in self.progress.verdicts.values():
            verdict.extend(problems)
        self._say(f"{self.directory.name}: ended {problems}")
        self.progress.ended = True

    def _count(self, what: str) -> None:
        self.progress.operations[what] = self.progress.operations.get(what, 0) + 1

    def _kept(self, action: Callable[[], None]) -> None:
        """Do something after which the track can go on, or from before which it can begin again."""
        self.operating.forget()
        copy, copying = self._copy(sum(self.progress.operations.values())), self.directory / "copying"
        shutil.rmtree(copying, ignore_errors=True)
        self.stack.workdir.mkdir(exist_ok=True)
        shutil.copytree(self.stack.workdir, copying, symlinks=True)
        copying.rename(copy)
        action()
        written = self._file.with_suffix(".new")
        written.write_text(json.dumps(vars(self.progress)), encoding="utf-8")
        written.replace(self._file)
        shutil.rmtree(copy)

    def _restore(self) -> None:
        """Go back to before the operation that was cut off."""
        copy = self._copy(sum(self.progress.operations.values()))
        if copy.exists():
            shutil.rmtree(self.stack.workdir)
            copy.rename(self.stack.workdir)
        for left in self.directory.glob("before-*"):
            shutil.rmtree(left)

    def _copy(self, number: int) -> Path:
        return self.directory / f"before-{number}"


def read(file: Path) -> Progress:
    """The progress that a track wrote; none of one that did not begin."""
    return Progress(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else Progress()
