"""All tracks of a stack, which of them a part has, and one case alone."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from lab import recovery
from lab.assurance import outside, steps
from lab.assurance.foreign import in_the_way
from lab.assurance.platform import Platform
from lab.assurance.step import FOREIGN, Step
from lab.assurance.track import Following, Progress, Track
from lab.checkout import LabError, Stack
from lab.driver import Driver
from settings.problem import Problem

SINGLES: Final = "singles"
KINDS: Final = ("create", "update", "changed", "deleted", "delete", FOREIGN, "down", SINGLES)
_SINGLES: Final = 20
OUTSIDE: Final = ("changed", "deleted")
_FROM_NOTHING: Final = ("create", FOREIGN)

Say = Callable[[str], object]


@dataclass(frozen=True, kw_only=True)
class Assurance:
    """A stack whose tracks lie below `directory`; this is `part` of `parts`, counted from one."""

    stack: Stack
    directory: Path
    part: int
    parts: int
    say: Say

    @property
    def place(self) -> Path:
        """Where the tracks of this part are."""
        return self.directory / f"part-{self.part}-of-{self.parts}"

    def finished(self) -> Stack:
        """The platform as it came up with nothing in its way, once for all parts."""
        base = replace(self.stack, workdir=self.directory / "base")
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "base.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.directory / "base.done"
            if not done.exists():
                self.say("bringing the platform up with nothing in its way")
                result = Driver(base, checkpoints=False).up()
                if not result.ok:
                    raise LabError("\n".join(["it does not come up as it is", *(result.messages() or [result.error])]))
                done.touch()
        return base

    def run(self, kinds: Sequence[str]) -> None:
        """Strike all that is of this part."""
        base = self.finished()
        platform = Platform(recovery.state(base) or {}, self.part - 1, self.parts)
        for kind in kinds:
            for name, following, last in _tracks(kind, platform):
                with self._alone(name):
                    self._track(name, base, platform).run(following, last)

    def only(self, case: str) -> Progress:
        """Strike one resource alone, and leave nothing of an earlier time that this was done."""
        base = self.finished()
        platform = Platform(recovery.state(base) or {})
        what, _, name = case.partition(":")
        step = alone(platform, what, name)
        shutil.rmtree(self.place / "only", ignore_errors=True)
        last = steps.DESTROY if step.operation == "destroy" else outside.LOOKING if step.looks else steps.UP
        track = self._track("only", None if step.moment == "create" else base, platform)
        return track.run(lambda progress: None if progress.step else step, last)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Nobody else works on that track."""
        self.place.mkdir(parents=True, exist_ok=True)
        with (self.place / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LabError(f"{self.place / name} is being worked on; wait for that to end or stop it") from None
            yield

    def _track(self, name: str, base: Stack | None, platform: Platform) -> Track:
        directory = self.place / name
        if base is not None and name not in _FROM_NOTHING and not (directory / "work").exists():
            directory.mkdir(parents=True, exist_ok=True)
            shutil.copytree(base.workdir, directory / "copying", symlinks=True, dirs_exist_ok=True)
            (directory / "copying").rename(directory / "work")
        return Track(directory, self.stack, platform, self.say)


def alone(platform: Platform, what: str, name: str) -> Step:
    """The step of one case; raises LabError where there is none."""
    if what == "down" and name in outside.DOWN:
        return outside.down(platform, name)
    urns = sorted(platform.named(name))
    if what in ("changed", "deleted"):
        found = [
            one for one in (outside.changes, outside.losses)[what == "deleted"](platform) if {*one.struck} & {*urns}
        ]
        if found:
            return outside.of(platform, what, tuple({*found[0].struck} & {*urns}))
    elif urns and what.partition("-")[0] in ("create", "update", "delete"):
        operation = "destroy" if what.startswith("delete") else "up"
        return Step(what=what, struck=tuple(urns), operation=operation)
    fix = "say ONLY=create:<logical name>; kinds are create, create-timeout, create-killed, likewise update, delete, "
    raise LabError(str(Problem("ONLY", f"{what}:{name}", "is no case", f"{fix}changed, deleted, down")))


def _tracks(kind: str, platform: Platform) -> Iterator[tuple[str, Following, Step]]:
    made: dict[str, Callable[[Platform], Iterator[Step]]] = {
        "create": steps.creations,
        "update": steps.updates,
        "changed": outside.changes,
        "deleted": outside.losses,
        SINGLES: partial(steps.singles, number=_SINGLES // platform.parts),
    }

    if kind in made:
        yield kind, _in_turn(list(made[kind](platform))), outside.LOOKING if kind in OUTSIDE else steps.UP
    elif kind == "delete":
        yield kind, _until_over(partial(steps.deletion, platform)), steps.DESTROY
    elif kind == FOREIGN:
        yield kind, _until_over(partial(in_the_way, platform)), steps.UP
    else:
        for service in list(outside.DOWN)[platform.part :: platform.parts]:
            yield f"down-{service}", _in_turn([outside.down(platform, service)]), steps.UP


def _in_turn(following: Sequence[Step]) -> Following:
    return lambda progress: next(islice(following, progress.step, None), None)


def _until_over(step: Callable[[Collection[str]], Step | None]) -> Following:
    return lambda progress: None if progress.over else step(progress.verdicts)
