"""`make recreate STACK=home`: destroy the platform, and bring it up again as the same one (docs/adr/0048).

Machines, addresses and zones follow from the stack file; generated keys and secrets stay in the state, or come from an
exported state (`--identity`) where that was lost. Other flags go to the CLI. The same command goes on after a failure.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lib.runbooks import path
from settings.model import Settings
from stack_file.load import load_stack_file
from tools import identity, operate, secret_values
from tools.backups import databases, site, summary
from tools.backups.store import BackupError
from tools.refusal import refusal
from tools.state import Engine, State, StateError
from tools.teardown import DESTROYED
from tools.waiting import interruptible

_UPDATES = 20
"""How far the history is looked through."""


def main(arguments: Sequence[str] | None = None, root: Path = operate.ROOT) -> int:
    """Exit code 0 when the platform is up again."""
    parser = argparse.ArgumentParser(prog="python -m tools.recreate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--confirm", default="", help="the name of the stack, for which nobody is asked then")
    parser.add_argument("--identity", type=Path, help="an exported state, where that of the stack was lost")
    parser.add_argument("--cluster-gone", action="store_true", help="take a cluster that is no more out of the state")
    options, extra = parser.parse_known_args(arguments)
    try:
        settings = operate.stack_file(root, options.stack)
        engine = Engine(operate.cli(root), options.stack, root)
        state = engine.state()
        _sound(engine, settings, state, options.identity)
        again = destroyed(engine)
        if not again:
            _archivable(engine, load_stack_file(settings))
    except (operate.OperateError, StateError) as error:
        print(refusal("recreate", error), file=sys.stderr)
        return 1
    stack, before = ["--stack", options.stack], state or {}
    if again:
        _said("it was destroyed already, so the update is gone on with")
    elif options.identity is None:
        gone = ["--cluster-gone"] if options.cluster_gone else []
        flags = ["--keep-identity", "--confirm", options.confirm, *gone, *extra]
        if code := _run(["destroy", *stack, *flags], root):
            return _said(f"not everything was destroyed; {_again(options.stack)}", code)
    else:
        before = identity.read(options.identity, options.stack.rsplit("/", 1)[-1])
    given = ["--identity", str(options.identity)] if options.identity is not None and not again else []
    if code := _run(["up", *stack, "--yes", *given, *extra], root):
        return _said(f"not everything is up; {_again(options.stack)}", code)
    report(before, engine, load_stack_file(settings))
    return 0


def _sound(engine: Engine, settings: Path, state: State | None, given: Path | None) -> None:
    """Find before anything is destroyed what would keep it from coming up; raises StateError."""
    for line in secret_values.defects("up", engine, settings):
        raise StateError(f"{settings}: {line}")
    if given is not None:
        identity.read(given, engine.stack.rsplit("/", 1)[-1])
    elif not identity.generated(state or {}):
        raise StateError(
            f"the state of {engine.stack} holds no key and no secret, so nothing to be known by again. If it was "
            "lost, name a copy of it: ARGS=--identity=<file>. A platform with new ones is what make up makes."
        )


def _archivable(engine: Engine, settings: Settings) -> None:
    """Find whether the new Postgres would be refused its archive, where the target says so; raises StateError."""
    if settings.backup is None:
        return
    try:
        refused = databases.refused(site.of(engine, settings))
    except BackupError:
        return
    if refused:
        raise StateError(refused)


def destroyed(engine: Engine) -> bool:
    """Whether the last recreation has destroyed everything, and no update since has come to its end."""
    try:
        history = json.loads(engine.call("stack", "history", "--json", "--page-size", str(_UPDATES)))
    except (StateError, ValueError):
        return False
    for one in history or ():
        if one.get("kind") == "destroy":
            return (one.get("result"), one.get("message")) == ("succeeded", DESTROYED)
        if one.get("kind") == "update" and one.get("result") == "succeeded":
            return False
    return False


def _run(arguments: Sequence[str], root: Path) -> int:
    """Exit code of an operation, which says itself what went wrong."""
    try:
        operate.main(arguments, root)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def report(before: State, engine: Engine, settings: Settings) -> None:
    """Say what is the same, and what is not."""
    after = engine.state() or {}
    anew, known = identity.renewed(before, after), len(identity.generated(after))
    _said(f"made anew: {', '.join(anew)}" if anew else f"known by the same {known} keys and secrets")
    source = settings.databases.recovery
    if source is None:
        _said("no data was restored: databases and repositories are empty")
    else:
        _said(f"databases are those of archive {source.archive}; no other data was restored: repositories are empty")
    for line in summary.look(engine, settings, datetime.now(UTC))[0]:
        _said(line)
    if settings.backup is not None:
        _said(f"to have it back: make restore STACK={engine.stack} WHAT=all KEY=<file>")


def _again(stack: str) -> str:
    return f"`make recreate STACK={stack}` goes on from there ({path('recreate.md#it-stopped-in-the-middle')})"


def _said(text: str, code: int = 1) -> int:
    print(f"recreate: {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    with interruptible("recreate: interrupted before anything began"):
        sys.exit(main())
