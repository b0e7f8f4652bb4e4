"""An operation from the preview to its report: agreed to once it is known what it would do, followed, and told.

The pulumi CLI does all of it. Where it has to talk to the person, or was asked for a view of its own, it shows itself,
and only the report is added.
"""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from lib.secret_state import outputs, resources
from reporting import changes, fates, progress, report
from reporting.events import Event
from reporting.fates import Resources
from reporting.phases import Phases
from reporting.report import Run
from tools.operating.child import Cli, Heard, listening
from tools.operating.operation import Operation
from tools.operating.telling import Teller
from tools.state import StateError
from tools.waiting import INTERRUPTED, interruptible

_QUESTIONS = {"up": "Apply this to", "refresh": "Take this into the state of", "destroy": "Remove all this from"}
OVER = (
    "interrupted once the operation was over: what it did is in the state, and only what is told of it may be missing"
)
"""Of a Ctrl-C while no child runs that would take it."""


@dataclass
class Foretold:
    """What a preview said: phases with what it saw, and the resources of its plan with what they need."""

    phases: Phases
    resources: Resources = field(default_factory=dict)


def carried_out(operation: Operation) -> int:
    """Exit code: the CLI's, 1 for what was not agreed to, 130 after Ctrl-C."""
    teller, foretold = Teller(operation), Foretold(operation.phases())
    alone = operation.by_itself()
    if alone is not None:
        teller.say(alone)
        with interruptible(OVER):
            return _shown(operation, teller, foretold)
    if operation.name == "preview" or not operation.skips_preview:
        code = _preview(operation, teller, foretold)
        if code or operation.name == "preview":
            return code
        question = f"{_QUESTIONS[operation.name]} {operation.stack}?"
        if not (operation.agreed or (operation.agree and operation.agree(question))):
            teller.say("nothing was changed")
            return 1
    with interruptible(OVER):
        return _followed(operation, teller, foretold)


def _cli(operation: Operation) -> Cli:
    return Cli(binary=operation.engine.binary, root=operation.engine.root, environment=operation.environment)


def _preview(operation: Operation, teller: Teller, foretold: Foretold) -> int:
    """Look what would be done and tell it; what was found is in `foretold`."""
    log, phases = teller.log("preview"), foretold.phases
    with (
        tempfile.TemporaryDirectory() as directory,
        listening() as heard,
        progress.waiting(teller.err, f"{operation.name}: previewing {operation.stack}") as looked_at,
    ):

        def listen(event: Event) -> None:
            phases.see(event)
            looked_at(event)

        plan = Path(directory, "plan.json")
        code = _cli(operation).followed(operation.foretold(plan), heard, listen, log, teller.say)
        foretold.resources = fates.planned(plan)
    if heard.interrupts:
        teller.interrupted(begun=False)
        return INTERRUPTED
    if code:
        teller.failures(phases.events, log)
        teller.say(f"the preview failed, so nothing was changed; all that was said is in {teller.path(log)}")
    else:
        teller.changes(changes.read(phases.events), phases)
        teller.warnings(phases.events)
    return code


def _followed(operation: Operation, teller: Teller, foretold: Foretold) -> int:
    """Do it, show it and tell how it ended; leaves the report however that is."""
    run, log, started = _run(operation, foretold), teller.log(operation.name), time.monotonic()
    try:
        with listening() as heard, progress.follow(run.phases, teller.err, run.previous) as listener:
            code = _cli(operation).followed(operation.as_agreed(), heard, listener, log, teller.say)
        run.seconds, run.result = time.monotonic() - started, _result(operation, code, heard)
        _conclude(run, operation, foretold)
    finally:
        report.write(run, operation=operation.name)
    teller.ended(run, log)
    if heard.interrupts:
        teller.interrupted(begun=True)
    return INTERRUPTED if heard.interrupts else code


def _shown(operation: Operation, teller: Teller, foretold: Foretold) -> int:
    """Let the CLI do and show it. A report is left where something was begun."""
    done, started = Phases.after(foretold.phases), time.monotonic()
    with listening() as heard:
        code = _cli(operation).shown(operation.as_given(), heard, done.see)
    if done.events and operation.name != "preview":
        run = _run(operation, foretold)
        run.phases, run.seconds, run.result = done, time.monotonic() - started, _result(operation, code, heard)
        try:
            _conclude(run, operation, foretold)
        finally:
            report.write(run, operation=operation.name)
        teller.say(f"the report is {teller.path(run.directory / report.PAGE)}")
    if heard.interrupts:
        teller.interrupted(begun=operation.name != "preview")
    return INTERRUPTED if heard.interrupts else code


def _run(operation: Operation, foretold: Foretold) -> Run:
    operation.directory.mkdir(parents=True, exist_ok=True)
    return Run(
        directory=operation.directory,
        name=operation.stack,
        simulated=False,
        phases=Phases.after(foretold.phases),
        previous=report.clear(operation.directory),
    )


def _result(operation: Operation, code: int, heard: Heard) -> str:
    return "interrupted" if heard.interrupts else f"{operation.name} failed" if code else "succeeded"


def _conclude(run: Run, operation: Operation, foretold: Foretold) -> None:
    """What became of everything, by the state as it is now; without a plan, of what was never made nobody can tell."""
    try:
        after = operation.engine.state() or {}
    except StateError:
        after = {}
    run.urls = outputs(after).get("urls") or {}
    if foretold.resources or any(resources(after)):
        report.conclude(run, foretold.resources, after)
