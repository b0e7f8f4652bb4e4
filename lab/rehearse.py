"""Rehearsals: what a failure, an interruption or a change does to a stack, played through on the lab beforehand."""

from __future__ import annotations

import difflib
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.console import Console

from lab import recovery
from lab.change import change
from lab.checkout import LabError, Stack, passphrase
from lab.driver import Driver, Result
from lab.faults import Effect, Faults
from lab.world import World
from reporting import fates, plan, progress, report
from reporting.events import Event
from reporting.fates import Fate, Resources
from reporting.phase import name_of
from reporting.phases import UNCHANGED, Phases
from settings.problem import Problem

# What is wrong with a kind when it goes wrong; the API refuses any other.
_EFFECTS: Final[Mapping[str, Effect]] = {
    "Job": "fail",
    "Release": "never-ready",
    "Cluster": "never-ready",
    "Deployment": "never-ready",
    "StatefulSet": "never-ready",
}
_MESSAGE: Final = "this failure is rehearsed"
_NEAR: Final = 5
_NOTED_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Target:
    """A resource that a person named, and the name of what it makes."""

    urn: str
    kind: str
    made: str

    @property
    def name(self) -> str:
        """Logical name."""
        return name_of(self.urn)


def run(driver: Driver, wanted: Mapping[str, str], console: Console) -> int:
    """Play one of them through: `fault`, `kill` or `change`, the one that is not empty, in a directory of its own."""
    said = {kind: value for kind, value in wanted.items() if value}
    if len(said) != 1:
        raise LabError("rehearse what? Say one of FAULT=<resource>, KILL=<resource> and CHANGE=<path>=<value>")
    ((kind, value),) = said.items()
    own = replace(driver, stack=replace(driver.stack, workdir=driver.stack.workdir / kind))
    text = f"{driver.stack.name} on the embedded lab, which simulates every machine and service"
    _say(console, [f"{text}: nothing outside {own.stack.workdir} is changed"])
    return {"fault": fault, "kill": kill, "change": change}[kind](own, value, console)


def fault(driver: Driver, name: str, console: Console) -> int:
    """Bring the stack up from nothing while a resource fails, then without that; 0 when the second update succeeds."""
    resources, planned = _planned(driver, console)
    target = named("FAULT", name, resources)
    _stage(driver.stack, target, _EFFECTS.get(target.kind, "refuse"))
    console.print(f"{target.kind} {target.name} fails:", style="bold", highlight=False)
    run = report.Run(directory=driver.stack.workdir, name=driver.stack.name, simulated=True)
    run.phases = Phases.after(planned)
    with progress.follow(run.phases, console) as listener:
        result = driver.up(listener)
    report.conclude(run, resources, driver.stack.state())
    run.result = "succeeded" if result.ok else "update failed"
    report.write(run)
    console.print(progress.table(run.phases))
    _say(console, contained(run))
    if target.urn not in result.failed():
        _say(console, [f"{target.name} did not fail: {'; '.join(result.messages()) or 'nobody waits for it'}"])
        return 1
    return _again(driver, "the failure is taken away, and the same command is run again:", planned, console)


def kill(driver: Driver, name: str, console: Console) -> int:
    """Kill an update from nothing while it makes a resource, then run it again; 0 when that one succeeds."""
    resources, planned = _planned(driver, console)
    target = named("KILL", name, resources)
    _stage(driver.stack, target, "hang")
    phases = Phases.after(planned)
    with progress.follow(phases, console) as listener:
        killed = driver.killed(lambda event: _being_made(driver.stack, target.urn, event), listener)
    if not killed:
        _say(console, [f"nothing was killed: the update ended before {target.name} was being made"])
        return 1
    phases.end()
    console.print(progress.table(phases))
    console.print(f"killed while {target.kind} {target.name} was being made", style="bold", highlight=False)
    return _again(driver, "the same command is run again:", planned, console)


def _planned(driver: Driver, console: Console) -> tuple[dict[str, Any], Phases]:
    """What the first update would make; nothing is left of an earlier rehearsal."""
    shutil.rmtree(driver.stack.workdir, ignore_errors=True)
    planned, file = Phases(), driver.stack.workdir / "plan.json"
    with progress.waiting(console, "previewing") as looked_at:
        result = driver.preview(lambda event: (planned.see(event), looked_at(event)), plan=str(file))
    if not result.ok:
        raise LabError("\n".join(["the preview failed", *(result.messages() or [result.error])]))
    return fates.planned(file), planned


def named(key: str, name: str, resources: Resources) -> Target:
    """The resource of that logical name; raises LabError with those that are named nearly so."""
    real = {
        name_of(urn): urn
        for urn, one in resources.items()
        if one.get("custom") and not one["type"].startswith("pulumi:")
    }
    if name not in real:
        near = difflib.get_close_matches(name, real, _NEAR, 0.5) or sorted(real)[:_NEAR]
        raise LabError(str(Problem(key, name, "is no resource of this stack", f"nearest are {', '.join(near)}")))
    one = resources[real[name]]
    inputs = (one.get("inputDiff") or {}).get("adds") or {}
    made = (inputs.get("metadata") or {}).get("name") or inputs.get("name") or name
    return Target(real[name], one["type"].rpartition(":")[2], str(made))


def _stage(stack: Stack, target: Target, effect: Effect) -> None:
    with World(stack.world, passphrase(stack)) as world:
        Faults(world).stage(
            target.kind, target.made if effect in ("fail", "never-ready") else target.name, effect, _MESSAGE
        )


def _being_made(stack: Stack, urn: str, event: Event) -> bool:
    """Whether it has begun, and the engine has written that down: what it makes hangs for ever (lab.faults)."""
    if event["event"] != "start" or event["urn"] != urn:
        return False
    end = time.monotonic() + _NOTED_SECONDS
    while time.monotonic() < end:
        operations = ((recovery.state(stack) or {}).get("deployment") or {}).get("pending_operations") or ()
        if any(one["resource"]["urn"] == urn for one in operations):
            return True
        time.sleep(0.1)
    return True


def contained(run: report.Run) -> Iterator[str]:
    """What failed, what that held back, and what came up all the same."""
    made = [urn for urn, one in run.resources.items() if one.get("custom") and plan.home(run.resources, urn)]
    for urn in (urn for urn in made if run.endings[urn].fate is Fate.FAILED):
        yield f"failed: {name_of(urn)}"
    for fate, words in (
        (Fate.BLOCKED, "held back, because it needs that"),
        (Fate.NOT_REACHED, "not reached"),
        (Fate.DONE, "came up all the same"),
    ):
        these = [urn for urn in made if run.endings[urn].fate is fate]
        if these:
            yield f"{words}: {counted(these, run.resources)}"


def counted(urns: Iterable[str], resources: Resources) -> str:
    """So many resources, by phase."""
    homes = Counter(name_of(plan.home(resources, urn) or "") for urn in urns)
    places = ", ".join(f"{count} in {name}" for name, count in sorted(homes.items()))
    return f"{sum(homes.values())} resources ({places})"


def _again(driver: Driver, what: str, planned: Phases, console: Console) -> int:
    with World(driver.stack.world, passphrase(driver.stack)) as world:
        Faults(world).clear()
    console.print(what, style="bold", highlight=False)
    phases = Phases(planned.counts())
    with progress.follow(phases, console) as listener:
        result = driver.up(listener)
    phases.end()
    console.print(progress.table(phases))
    _say(console, result.messages("warning"))
    return _ended(result, phases, console)


def _ended(result: Result, phases: Phases, console: Console) -> int:
    if not result.ok:
        _say(console, ["the update failed", *(result.messages() or [result.error])])
        return 1
    changes = (f"{count} {kind}" for kind, count in sorted(phases.changes().items()) if kind not in UNCHANGED)
    _say(console, [f"everything is there now, by {', '.join(changes)}"])
    return 0


def _say(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
