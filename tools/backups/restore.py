"""`make restore STACK=home WHAT=state FROM=latest KEY=<file>`: say what is to be done, ask, do it (docs/backups.md).

WHAT is a part, a service, or `all`. FROM is `latest`, a time such as 2026-11-27T03:00:00Z, or a file of part `state`.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from stack_file.load import load_stack_file
from tools.backups import archive, order, site, state
from tools.backups.part import Step, Wanted
from tools.backups.store import BackupError
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.preparation import on_a_terminal
from tools.refusal import refusal
from tools.state import Engine, StateError
from tools.waiting import interruptible, ticking

LATEST = "latest"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when everything is restored, 1 when not, 2 when nothing was begun."""
    options = _parser().parse_args(arguments)
    try:
        begun = _begun(options)
        looks = options.check and options.what == state.NAME  # also while the stack has its state
        key = Path(options.key) if options.key else None
        asked = replace(wanted(options.time), key=key, replace=options.replace or looks)
        if asked.file is not None and not (root / f"Pulumi.{options.stack}.yaml").exists():
            _unpack(asked.file, asked.key, root)
        settings = load_stack_file(stack_file(root, options.stack))
        engine = Engine(cli(root), options.stack, root)
        with ticking(f"restore: looking what there is of {options.stack}"):
            there = site.of(engine, settings, Path(options.to) if options.to else None)
            steps = order.steps(there, options.what, asked, options.confirm, begun)
    except (BackupError, OperateError, StateError, ValueError) as error:
        return _said(str(error), 2)
    print("\n".join(lines(options.what, steps)))
    if options.check:
        return 0
    if not _agreed(options.stack, options.confirm):
        return _said(f"nothing was done. Say YES={options.stack}, or agree on a terminal", 2)
    return _done(steps, options.left or len(steps), f"--begun={begun:{_TIME}}", options.stack)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.backups.restore", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--what", default="", help="a part, a service, or all")
    parser.add_argument("--from", dest="time", default="", help="latest, a time in UTC, or a file of the state")
    parser.add_argument("--to", default="", help="the directory with the backup, in place of the target")
    parser.add_argument("--key", default="", help="file with a private key of age, as age-keygen writes it")
    parser.add_argument("--replace", action="store_true", help="replace what stands there")
    parser.add_argument("--check", action="store_true", help="open the backup and say the steps, no more")
    parser.add_argument("--left", type=int, default=0, help="go on with as many steps, the last ones")
    parser.add_argument("--begun", default="", help="when the first step was begun, as that said")
    parser.add_argument("--confirm", default="", help="the name of the stack, for which nobody is asked then")
    return parser


def _begun(options: argparse.Namespace) -> datetime:
    """When the restore began; raises BackupError."""
    if options.left and not options.begun:
        raise BackupError("what was backed up since the first step is not to be restored: say --begun as that step did")
    given = wanted(options.begun).at if options.begun else None
    return given or datetime.now(UTC).replace(microsecond=0)


def wanted(text: str) -> Wanted:
    """What FROM means; raises BackupError."""
    if text in ("", LATEST):
        return Wanted()
    if Path(text).is_file():
        return Wanted(file=Path(text))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BackupError(f"FROM={text} is no file and no time with its zone; write {LATEST}, or 2026-11-27T03:00:00Z")
    return Wanted(at=found.astimezone(UTC))


def _unpack(file: Path, key: Path | None, root: Path) -> None:
    """The stack file and what it names, where the whole checkout was lost."""
    opened = archive.opened(file.read_bytes(), archive.keys(key), str(file))
    archive.unpack(opened, root)


def lines(what: str, steps: Sequence[Step]) -> Iterator[str]:
    """The plan, for a person."""
    yield f"to restore {what}, about {sum(step.minutes for step in steps)} minutes:"
    for number, step in enumerate(steps, 1):
        yield f"  {number}. {'' if step.run else 'by you: '}{step.does} (about {step.minutes} min)"
        if step.command:
            yield f"     {step.command}"


def _agreed(stack: str, confirmed: str) -> bool:
    return confirmed == stack or (not confirmed and sys.stdin.isatty() and on_a_terminal("Begin?"))


def _done(steps: Sequence[Step], left: int, begun: str, stack: str, ask: Callable[[str], bool] = on_a_terminal) -> int:
    """Do the last ones: those before them may be fewer once they are done, as that of a platform that answers."""
    for number, step in enumerate(steps, 1):
        if number <= len(steps) - left:
            continue
        _said(f"step {number}: {step.does}", 0)
        on = f"go on with ARGS='--left={len(steps) - number + 1} {begun}'"
        try:
            if step.run is not None:
                step.run()
            elif not (sys.stdin.isatty() and ask(f"Step {number} is yours. Is it done?")):
                return _yours(number, step, f"--left={len(steps) - number} {begun}" if number < len(steps) else "")
        except (BackupError, StateError) as error:
            return _said(f"step {number} failed: {error}\n{on} once that is mended")
    return _said(f"{stack} is restored as far as this goes", 0)


def _yours(number: int, step: Step, rest: str) -> int:
    """Hand a step to the person, with its command: nothing was refused, but not everything is restored yet."""
    command = f"\n     {step.command}" if step.command else ""
    then = f"then go on with ARGS='{rest}'" if rest else "and the last"
    print(f"restore: step {number} is yours{';' if rest else ','} {then}{command}", file=sys.stderr)
    return 1


def _said(text: str, code: int = 1) -> int:
    told = refusal("restore", text) if code else f"restore: {text}"
    print(told, file=sys.stderr)
    return code


if __name__ == "__main__":
    with interruptible("restore: interrupted; the same command begins again"):
        sys.exit(main())
