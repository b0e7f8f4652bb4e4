"""Operations of the lab that are struck, and everything that is to be seen of them."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from lab import recovery
from lab.assurance import judge, leaks
from lab.assurance.judge import Seen
from lab.assurance.step import Step
from lab.checkout import Stack, passphrase
from lab.driver import Driver, Result
from lab.injections import STRUCK, Injections
from lab.providers.kubernetes.cluster import VAULTS
from lab.world import World
from reporting import report
from reporting.events import Event
from tools.state import StateError

_PARALLEL: Final = 120  # what hangs until it is killed holds a place each
_PATIENCE: Final = 120  # half seconds in which nothing happens


@dataclass
class Operating:
    """Runs the operations of one stack."""

    stack: Stack
    _values: dict[str, str] = field(default_factory=dict)

    def operate(self, step: Step) -> Seen:
        """Plant, run, look."""
        before, events = recovery.state(self.stack) or {}, list[Event]()
        with self._world() as world:
            _plant(Injections(world), step)
            if step.stage:
                step.stage(world)
            vaults = world.table(VAULTS)
        driver = Driver(self.stack, checkpoints=step.killed)
        result = self._killed(driver, step, events) if step.killed else self._run(driver, step, events)
        removed = set(_removed(self.stack.world))
        with self._world() as world:
            struck = Injections(world).taken()
            mended = tuple(step.mend(world)) if step.mend else ()
            now = world.table(VAULTS)
        others = (key for key, one in vaults.items() if one["keys"] and now.get(key, {}).get("keys") != one["keys"])
        removed |= {f"{VAULTS} {key}" for key in others}
        seen = Seen(
            steps=judge.steps_of(events),
            ok=result.ok,
            error="; ".join(result.messages()) or result.error,
            told={one["urn"]: one["text"] for one in events if one.get("severity") == "error" and one["urn"]},
            struck=struck,
            removed=removed,
            mended=mended,
            before=before,
            after=recovery.state(self.stack) or {},
        )
        return replace(seen, leaks=tuple(self._leaks(driver.log(step.operation), events)))

    def preview(self) -> Result:
        """What an update would do."""
        return Driver(self.stack, checkpoints=False).preview()

    def forget(self) -> None:
        """Drop what the backend keeps of earlier operations, a copy of the state each."""
        for name in ("history", "backups"):
            shutil.rmtree(self.stack.backend / ".pulumi" / name, ignore_errors=True)

    def _world(self) -> World:
        return World(self.stack.world, passphrase(self.stack))

    def _run(self, driver: Driver, step: Step, events: list[Event]) -> Result:
        options: dict[str, Any] = dict(step.options)
        if step.operation == "destroy":
            options["parallel"] = _PARALLEL
        return driver.run(step.operation, events.append, **options)

    def _killed(self, driver: Driver, step: Step, events: list[Event]) -> Result:
        hang = self._all_hang(len(step.struck))
        killed = driver.killed(lambda _: False, events.append, hang, parallel=_PARALLEL)
        return Result(ok=killed, error="" if killed else "it ended before it could be killed")

    def _all_hang(self, wanted: int) -> Callable[[], bool]:
        """Whether all that are to hang do, as the journal of the world says, which nobody else can open meanwhile."""
        journal, patience = self.stack.world / "world.journal", iter(range(_PATIENCE))

        def asked() -> bool:
            lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
            hanging = sum(1 for line in lines if f'"{STRUCK}"' in line and '"killed"' in line)
            return hanging >= wanted or next(patience, None) is None

        return asked

    def _leaks(self, log: Path, events: Sequence[Event]) -> Iterator[str]:
        """Secrets in what the operation left: state, events, log, report."""
        run = report.Run(directory=self.stack.workdir, name=self.stack.name, simulated=True)
        for event in events:
            run.phases.see(event)
        report.write(run)
        with contextlib.suppress(StateError):  # nothing of it is left
            self._values |= leaks.generated_values(self.stack)
        state = self.stack.backend / ".pulumi" / "stacks" / self.stack.project_name / f"{self.stack.name}.json"
        names = (report.REPORT, report.PAGE, log.name)
        files = [state, *(self.stack.workdir / name for name in names)]
        texts = {one.name: one.read_text(encoding="utf-8", errors="replace") for one in files if one.exists()}
        for place, text in {**texts, "events": json.dumps(events)}.items():
            yield from map(str, leaks.scan(place, text, self._values))


def _plant(injections: Injections, step: Step) -> None:
    if step.moment is None or step.how is None:
        return
    for urn in step.struck:
        injections.plant(step.moment, urn, step.how)
    for urn in step.beside:
        injections.plant(step.moment, urn, "refused")


def _removed(directory: Path) -> Iterator[str]:
    """Places of the world that the last operation emptied; one that was killed left its journal open."""
    files = [directory / name for name in ("world.journal", "last.journal")]
    for line in next(one for one in files if one.exists()).read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            return  # the last line of what was killed
        if entry.get("deleted"):
            yield f"{entry['table']} {entry['key']}"
