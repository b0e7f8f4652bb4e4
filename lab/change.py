"""What a change of the stack file would do to the platform as it is: brought up on the lab, then previewed."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import yaml
from rich.console import Console
from rich.table import Table

from lab.checkout import LabError, Stack, load_yaml
from lab.driver import Driver
from lab.seed import settings_of
from register.secrets import declare
from register.services import SERVICES
from reporting import progress
from reporting.phases import Phases
from settings.problem import Problem
from stack_file.check import defects, refused
from tools.selection.parts import place
from tools.selection.planned import Step, read

_PROJECT: Final = "home-cluster"
_SHOWN: Final = 6
_NODE: Final = "home-cluster:talos/node:TalosNode"
_HOLDING: Final = ("Release", "Namespace", "Cluster", "VmLegacy", "PersistentVolumeClaim", "Database")


def change(driver: Driver, setting: str, console: Console) -> int:
    """Bring the stack up as its file is, and say what an update with one setting changed would do.

    `setting` is `path=value`, such as `gitea.host=code.example.org`; the value is YAML, `null` takes the setting out.
    Returns 0 where the change is allowed.
    """
    stack = driver.stack
    if settings_of(stack) is None:
        raise LabError(f"{stack.project_name} is another program, whose settings are not known")
    if list(defects(stack.file, stack.state())):
        shutil.rmtree(stack.workdir)  # what was rehearsed before cannot become what the file says now
    copy = _copy(stack, changed(load_yaml(stack.file), setting))
    if refused(copy.file):
        return 1
    phases = Phases()
    console.print(f"{stack.name} as its file is:", style="bold", highlight=False)
    with progress.follow(phases, console) as listener:
        up = driver.up(listener)
    phases.end()
    if not up.ok:
        raise LabError("\n".join(["it does not come up as it is", *(up.messages() or [up.error])]))
    console.print(progress.table(phases))
    console.print(f"with {setting}:", style="bold", markup=False, highlight=False)
    return 1 if refused(copy.file, copy.state()) else _previewed(replace(driver, stack=copy), console)


def _previewed(driver: Driver, console: Console) -> int:
    stack = driver.stack
    file = stack.workdir / "plan.json"
    with progress.waiting(console, "previewing the change") as listener:
        plan = driver.preview(listener, plan=str(file))
    if not plan.ok:
        raise LabError("\n".join(["it is refused", *(plan.messages() or [plan.error])]))
    steps = read(file, stack.state() or {})
    moved = [step for step in steps.values() if step.changed and not step.is_component]
    if not moved:
        console.print("nothing changes", highlight=False)
        return 0
    console.print(_table(moved, steps))
    for line in interrupted(moved, stack):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0


def changed(document: Mapping[str, Any], setting: str) -> dict[str, Any]:
    """A stack file with one setting changed.

    Raises:
        LabError: when there is no such place in it, or the value is no YAML.
    """
    path, equals, text = setting.partition("=")
    if not equals or not path:
        raise LabError(str(Problem("CHANGE", setting, "is no path=value", "say CHANGE=gitea.host=code.example.org")))
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LabError(str(Problem("CHANGE", text, "is no YAML", str(error).splitlines()[0]))) from None
    config = dict(document.get("config") or {})
    section, _, rest = path.partition(".")
    key = section if section in config else f"{_PROJECT}:{section}"  # Pulumi puts the project before it
    config[key] = _with(config.get(key), rest, value, path)
    return {**document, "config": {name: one for name, one in config.items() if one is not None}}


def _with(found: Any, path: str, value: Any, whole: str) -> Any:
    """What was found, with the value at a path below it; the names of zones have dots of their own."""
    if not path:
        return value
    if isinstance(found, list):
        head, _, rest = path.partition(".")
        if not head.isdigit() or int(head) >= len(found):
            raise LabError(str(Problem("CHANGE", whole, f"has no {head}", f"the list there ends at {len(found) - 1}")))
        return [_with(one, rest, value, whole) if str(index) == head else one for index, one in enumerate(found)]
    if not isinstance(found, dict | None):
        raise LabError(str(Problem("CHANGE", whole, f"goes below a value, {found}", "name that value itself")))
    mapping = dict(found or {})
    known = [name for name in mapping if path == name or path.startswith(f"{name}.")]
    head = max(known, key=len, default=path.partition(".")[0])
    rest = path[len(head) :].removeprefix(".")
    new = _with(mapping.get(head), rest, value, whole)
    return {name: one for name, one in {**mapping, head: new}.items() if one is not None}


def _copy(stack: Stack, document: Mapping[str, Any]) -> Stack:
    """The same stack with another file, in a directory of the rehearsal: the person's own is not touched."""
    root = stack.workdir / "changed"
    root.mkdir(parents=True, exist_ok=True)
    for name in ("__main__.py", "Pulumi.yaml", ".tools"):
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to((stack.root / name).resolve())
    copy = replace(stack, root=root)
    copy.file.write_text(yaml.safe_dump(dict(document), sort_keys=False), encoding="utf-8")
    return copy


def _table(moved: Sequence[Step], steps: Mapping[str, Step]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("where", "what", "resources"):
        table.add_column(column, overflow="fold")
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    slugs = [service.slug for service in SERVICES]
    for step in moved:
        rows[place(step.urn, steps, slugs) or "the stack itself", step.operation].append(step.name)
    for (where, operation), names in sorted(rows.items()):
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        table.add_row(where, f"{len(names)} {operation}", f"{', '.join(sorted(names)[:_SHOWN])}{more}")
    return table


def interrupted(moved: Sequence[Step], stack: Stack) -> Iterator[str]:
    """What does not work for a while, or is lost, as far as plan and declarations tell."""
    for step in moved:
        kind = step.type.rpartition(":")[2]
        if step.operation in ("replace", "delete") and kind in _HOLDING:
            yield f"{kind} {step.name} {'is made anew, and gone meanwhile' if step.operation == 'replace' else 'goes'}"
        if step.type == _NODE:
            yield f"{step.name}: the turn of its node, see make upgrade-plan"
    settings = settings_of(stack)
    names = {step.name for step in moved}
    for one in declare(settings) if settings else ():
        if f"{one.name}-kv" in names and one.window:
            yield f"{one.path}: {one.window}"
