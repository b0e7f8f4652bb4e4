"""`make drift STACK=home`: what somebody changed or deleted behind the program's back, by phase; it changes nothing.

It has the engine ask the providers what every resource is like now (the preview of a refresh), says who wrote what
differs, and whether an update puts it right. Exit code 0 without drift, 1 with, 2 when not everything could be read.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from reporting.drift import Drift, Finding
from reporting.events import Event, Listener
from tools.operate import ROOT, OperateError, cli, stack_file, trust, trusted
from tools.operating.child import Cli, Heard, listening
from tools.refusal import refusal
from tools.state import Engine, StateError, reason
from tools.waiting import INTERRUPTED, interruptible, ticking

FLAGS = ("--preview-only", "--suppress-outputs", "--suppress-progress")
"""Of `pulumi refresh`; secrets in the events are `[secret]` (logJSONEvent, pkg/backend/display/display.go)."""
NONE = "none"


def asked(cli: Cli, stack: str, heard: Heard, log: Path, listener: Listener) -> None:
    """Have the engine ask what everything is like now; one more event is of an error that the CLI tells otherwise."""
    failed: list[Event] = []

    def listen(event: Event) -> None:
        if event["event"] == "failed" or event.get("severity") == "error":
            failed.append(event)
        listener(event)

    code = cli.followed(("refresh", "--stack", stack, *FLAGS), heard, listen, log, _say)
    if code and not failed:
        text = reason(log.read_text(encoding="utf-8", errors="replace")).strip().removeprefix("error: ")
        listener({"event": "message", "severity": "error", "urn": "", "text": text or f"the engine ended with {code}"})


def _say(text: str) -> None:
    print(f"drift: {text}", file=sys.stderr)


def document(stack: str, drift: Drift, now: datetime) -> dict[str, Any]:
    """The result for programs, as `build/<stack>/drift.json` keeps it."""
    return {
        "stack": stack,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "result": ("none", "drift", "unknown")[code(drift)],
        "resources": drift.looked,
        "summary": (NONE, told(drift.counts()), "nobody can tell")[code(drift)],
        "counts": drift.counts(),
        "findings": [one.document() for one in drift.ordered()],
        "notWell": drift.unwell,
        "errors": drift.errors,
    }


def code(drift: Drift) -> int:
    """Exit code."""
    if drift.errors or not drift.looked:
        return 2
    return 1 if drift.findings else 0


def summary(stack: str, drift: Drift) -> Iterator[str]:
    """The result for people."""
    yield f"drift of {stack}: {told(drift.counts())}; {drift.looked} resources were compared"
    for phase, found in groupby(drift.ordered(), key=lambda one: one.phase):
        yield f"\n{phase or 'outside every phase'}"
        for one in found:
            yield from _lines(one)
    if drift.unwell:
        yield "\nnot well, though nobody changed them (make status says more)"
        yield from (f"  {name}: {reason}" for name, reason in sorted(drift.unwell.items()))
    if drift.errors:
        yield "\nnot everything could be read, so there may be more"
        yield from (f"  {text}" for text in dict.fromkeys(drift.errors))
    if drift.errors and any(one.repairable for one in drift.findings):
        yield f"\nTo put it right: make refresh STACK={stack}, which fails at the same and notes the rest,"
        yield f"then make up STACK={stack}"
    elif any(one.repairable for one in drift.findings):
        yield f"\nTo put it right: make up STACK={stack} ARGS=--refresh"
        yield "Without --refresh an update compares with the state alone, and sees none of it."


def told(counts: Mapping[str, int]) -> str:
    """How many, in words."""
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or NONE


def _lines(found: Finding) -> Iterator[str]:
    yield f"  {found.name}  {found.type.rpartition(':')[2]}  {found.what}: {found.remedy}"
    for one in found.differences:
        values = f"  {_value(one, 'old')} -> {_value(one, 'new')}" if {"old", "new"} & one.keys() else ""
        writer = one.get("by") or next(iter(found.by), "")
        yield f"    {one['path']}{values}" + (f"  by {writer}" if writer else "")


def _value(difference: Mapping[str, Any], name: str) -> str:
    return json.dumps(difference[name]) if name in difference else "(not shown)"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 without drift, 1 with, 2 when nobody can tell."""
    parser = argparse.ArgumentParser(prog="python -m tools.drift", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--json", action="store_true", help="for programs: what build/<stack>/drift.json keeps")
    options = parser.parse_args(arguments)
    try:
        stack_file(root, options.stack)
        engine = Engine(cli(root), options.stack, root)
        with ticking(f"drift: asking what {options.stack} is like now"):
            state = engine.state()
            if state is None:
                raise StateError(f"{options.stack} was never brought up: make up STACK={options.stack}")
            trusted(state, engine)
            engine.results.mkdir(parents=True, exist_ok=True)
            environment = os.environ | {"SSL_CERT_DIR": trust(os.environ, root)}
            child = Cli(binary=engine.binary, root=root, environment=environment)
            drift = Drift()
            with listening() as heard:
                asked(child, options.stack, heard, engine.results / "drift.log", drift.see)
    except (OperateError, StateError) as error:
        print(refusal("drift", error), file=sys.stderr)
        return 2
    if heard.interrupts:
        _say("interrupted; nothing was changed")
        return INTERRUPTED
    kept = json.dumps(document(options.stack, drift, datetime.now(UTC)), indent=1)
    (engine.results / "drift.json").write_text(f"{kept}\n", encoding="utf-8")
    print(kept if options.json else "\n".join(summary(options.stack, drift)))
    return code(drift)


if __name__ == "__main__":
    with interruptible("drift: interrupted; nothing was changed"):
        sys.exit(main())
