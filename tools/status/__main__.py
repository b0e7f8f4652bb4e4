"""`make status STACK=home`: NAME, READY, AGE and MESSAGE of each phase and service, as `flux get` has them.

From the state, and from the cluster where it answers. Exit code 1 when something is not ready or a backup was missed,
2 when nobody can tell.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib.secret_state import resources
from register.phases import built_on
from register.secrets import declare
from register.services import SERVICES
from settings.model import Settings
from stack_file.load import load_stack_file
from tools import secret_values
from tools.backups import summary
from tools.cluster import Api, ClusterError, api_of
from tools.doctor.findings import UnaskedError
from tools.doctor.proxmox_api import ProxmoxApi
from tools.doctor.site import Site
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import Engine, State, StateError
from tools.status import extras
from tools.status.objects import Cluster, problems, wanted
from tools.status.rows import Row, rows
from tools.waiting import interruptible, ticking

WIDTH = 80
_EVERY_SECONDS = 5
_NAMES = {True: "True", False: "False", None: "Unknown"}


def look(
    engine: Engine, settings: Settings, cluster: Cluster | None, state: State, proxmox: ProxmoxApi | None = None
) -> tuple[list[Row], list[str], bool]:
    """The rows, the lines below them, and whether a backup was missed; without a `cluster` from the state alone."""
    now = datetime.now(UTC)
    failed, update = extras.last_update(engine)
    backups, missed = summary.look(engine, settings, now)
    below = [update, extras.drift(engine), *backups, extras.secrets(state, declare(settings), now)]
    live: dict[str, str] | None = None
    if cluster is not None:
        try:
            live = problems(cluster, wanted(resources(state)))
            below += [*extras.nodes(cluster, settings), *extras.certificates(cluster, state, now)]
            below += extras.flux(cluster, settings)
        except ClusterError as error:
            below.insert(0, f"from the state alone: {error}")
    if proxmox is not None:
        below += extras.reboots(proxmox, settings)
    slugs = [service.slug for service in SERVICES if service.enabled(settings)]
    return rows(state, live, slugs, failed, built_on(settings)), below, missed


def lines(found: Sequence[Row], now: datetime, width: int = WIDTH) -> Iterator[str]:
    """The table; what belongs to a phase stands below it, with two blanks before its name."""
    ordered = [(row.name, row) for row in found if not row.part_of]
    names = [(name, row) for phase, one in ordered for name, row in ((phase, one), *_parts(found, phase))]
    wide = max((len(name) for name, _ in names), default=0)
    yield f"{'NAME':<{wide}}  {'READY':<7}  {'AGE':>5}  MESSAGE"
    for name, row in names:
        head = f"{name:<{wide}}  {_NAMES[row.ready]:<7}  {_age(row.since, now):>5}  "
        yield head + _cut(row.message, width - len(head))


def _parts(found: Sequence[Row], phase: str) -> list[tuple[str, Row]]:
    return [(f"  {row.name}", row) for row in found if row.part_of == phase]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room or not sys.stdout.isatty() else f"{text[: room - 1]}…"


def _age(since: datetime | None, now: datetime) -> str:
    if since is None:
        return "-"
    seconds = int((now - since).total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def document(stack: str, found: Sequence[Row], below: Sequence[str], missed: bool = False) -> dict[str, Any]:
    """The same for programs."""
    return {
        "stack": stack,
        "ready": code(found) == 0,
        "backupMissed": missed,
        "rows": [
            {
                "name": row.name,
                "partOf": row.part_of or None,
                "ready": row.ready,
                "since": row.since.strftime("%Y-%m-%dT%H:%M:%SZ") if row.since else None,
                "message": row.message,
            }
            for row in found
        ],
        "notes": list(below),
    }


def code(found: Sequence[Row], missed: bool = False) -> int:
    """Exit code: 0 when everything is ready, and no backup was missed."""
    if missed or any(row.ready is False for row in found):
        return 1
    return 0 if found and all(row.ready for row in found) else 2


def _cluster(engine: Engine) -> tuple[Api | None, str]:
    """The API of the state, or why it is not asked."""
    try:
        found = api_of(engine.state(decrypted=True) or {})
    except (ClusterError, StateError) as error:
        return None, str(error).splitlines()[0] if str(error) else "it cannot be opened"
    return found, "" if found else "it knows no cluster yet"


def _proxmox(engine: Engine, settings: Settings) -> ProxmoxApi | None:
    """Who knows which machines wait for a reboot; None where the stack makes none, or its token cannot be opened."""
    try:
        return Site(settings=settings, secrets=secret_values.opened(engine)).api
    except (StateError, UnaskedError):
        return None


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when everything is ready."""
    parser = argparse.ArgumentParser(prog="python -m tools.status", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--json", action="store_true", help="for programs: stack, ready, rows and notes")
    parser.add_argument("--watch", action="store_true", help=f"look again every {_EVERY_SECONDS} seconds")
    options = parser.parse_args(arguments)
    try:
        settings = load_stack_file(stack_file(root, options.stack))
        engine = Engine(cli(root), options.stack, root)
        while True:
            ended = _shown(engine, settings, options)
            if not options.watch:
                return ended
            time.sleep(_EVERY_SECONDS)
    except (OperateError, StateError, ValueError) as error:
        print(refusal("status", error), file=sys.stderr)
        return 2


def _shown(engine: Engine, settings: Settings, options: argparse.Namespace) -> int:
    with ticking(f"status: looking at {options.stack}"):
        state = engine.state()
        if state is None:
            raise StateError(f"{options.stack} was never brought up: make up STACK={options.stack}")
        cluster, why = _cluster(engine)
        found, below, missed = look(engine, settings, cluster, state, _proxmox(engine, settings))
    below = [f"from the state alone: {why}", *below] if why else below
    if options.json:
        print(json.dumps(document(options.stack, found, below, missed), indent=1))
        return code(found, missed)
    if options.watch and sys.stdout.isatty():
        print("\x1b[2J\x1b[H", end="")
    print("\n".join([*lines(found, datetime.now(UTC)), "", *below]), flush=True)
    return code(found, missed)


if __name__ == "__main__":
    with interruptible("status: interrupted"):
        sys.exit(main())
