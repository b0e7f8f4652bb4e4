"""`make drift STACK=home`: what somebody changed or deleted behind the program's back, by phase; it changes nothing.

It has the engine ask the providers what every resource is like now (the preview of a refresh), says who wrote what
differs, and whether an update puts it right. Exit code 0 without drift, 1 with, 2 when not everything could be read.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from pulumi import automation as auto

from reporting.drift import Drift, Finding
from reporting.events import Event, compact
from tools.operate import ROOT, OperateError, cli, stack_file, trust, trusted
from tools.state import Engine, StateError
from tools.waiting import interruptible, ticking

FLAGS = ("--preview-only", "--json", "--non-interactive", "--color=never", "--suppress-outputs")
"""Of `pulumi refresh`; secrets in the events are `[secret]` (logJSONEvent, pkg/backend/display/display.go)."""
_STREAM = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}
"""Without the first, `--json` gives one digest at the end, which lacks what could not be read."""

NONE = "none"


def events(binary: Path, stack: str, root: Path, environment: Mapping[str, str]) -> Iterator[Event]:
    """The events of the preview of a refresh; one more of an error that the CLI tells otherwise."""
    command = [str(binary), "refresh", "--stack", stack, *FLAGS]
    failed = False
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as complaints,
        subprocess.Popen(
            command, cwd=root, env={**environment, **_STREAM}, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as child,
    ):
        for line in child.stdout or ():
            event = compact(auto.EngineEvent.from_json(json.loads(line))) if line.startswith("{") else None
            if event is not None:
                failed = failed or event["event"] == "failed" or event.get("severity") == "error"
                yield event
        if child.wait() and not failed:
            complaints.seek(0)
            text = complaints.read().strip().rpartition("error: ")[2] or f"the engine ended with {child.returncode}"
            yield {"event": "message", "severity": "error", "urn": "", "text": text}


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
    if any(one.repairable for one in drift.findings):
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


def followed(found: Iterable[Event]) -> Drift:
    """What the events of a preview say."""
    drift = Drift()
    for event in found:
        drift.see(event)
    return drift


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
            environment = os.environ | {"SSL_CERT_DIR": trust(os.environ, root)}
            drift = followed(events(engine.binary, options.stack, root, environment))
    except (OperateError, StateError) as error:
        print(*(f"drift: {line}" for line in str(error).splitlines()), sep="\n", file=sys.stderr)
        return 2
    kept = json.dumps(document(options.stack, drift, datetime.now(UTC)), indent=1)
    engine.results.mkdir(parents=True, exist_ok=True)
    (engine.results / "drift.json").write_text(f"{kept}\n", encoding="utf-8")
    print(kept if options.json else "\n".join(summary(options.stack, drift)))
    return code(drift)


if __name__ == "__main__":
    with interruptible("drift: interrupted; nothing was changed"):
        sys.exit(main())
