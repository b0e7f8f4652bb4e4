"""This machine: its programs, the backend of the state, the stack file and the values of its secrets.

An operation looks at all this itself, by the same functions, before the engine starts (tools/operate.py).
"""

import json
import platform
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from settings.model import Settings
from stack_file import secrets
from stack_file.check import defects
from stack_file.load import load_stack_file
from tools import pulumi_cli, secret_values
from tools.doctor.findings import Finding, failed, ok, skipped
from tools.files import SetupError
from tools.operate import OperateError, cli
from tools.state import Engine, State, StateError

_PAGE = "docs/runbooks/state-and-passphrase.md"
_SECONDS = 60


def programs(root: Path) -> tuple[Path | None, list[Finding]]:
    """The CLI, where there is one that fits, and what is to be said of Python, CLI and plugins."""
    found = [ok(f"Python {platform.python_version()}")]
    try:
        binary, wanted = cli(root), pulumi_cli.pinned(root)
    except (OperateError, SetupError) as error:
        reason, _, fix = str(error).partition(": ")
        linked = root / ".tools" / "pulumi"
        # Without a language host it still opens the state.
        return linked if linked.exists() else None, [*found, failed(reason, fix)]
    version = _said(binary, root, "version").strip().removeprefix("v")
    found.append(ok(f"pulumi {version}, for SDK {wanted}"))
    wanted_plugins = plugins()
    missing = wanted_plugins - _installed(binary, root)
    if missing:
        found.append(skipped(f"plugins that the first operation downloads: {', '.join(sorted(missing))}"))
    else:
        found.append(ok(f"the plugins of all {len(wanted_plugins)} providers"))
    return binary, found


def _said(binary: Path, root: Path, *arguments: str) -> str:
    command = [str(binary), *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout


def plugins() -> set[str]:
    """Name and version of the plugin of each provider, as its SDK says (pulumi-plugin.json)."""
    files = Path(sysconfig.get_path("purelib")).glob("pulumi*/pulumi-plugin.json")
    entries = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return {f"{entry['name']} {entry['version']}" for entry in entries}


def _installed(binary: Path, root: Path) -> set[str]:
    try:
        entries = json.loads(_said(binary, root, "plugin", "ls", "--json"))
    except ValueError:
        return set()
    return {f"{entry['name']} {str(entry.get('version')).removeprefix('v')}" for entry in entries}


def backend(engine: Engine) -> tuple[State | None, list[Finding]]:
    """The state, where there is one, and whether somebody is logged in to where it is kept."""
    try:
        where, state = engine.backend(), engine.state()
    except StateError as error:
        fix = f"pulumi login, or export PULUMI_BACKEND_URL ({_PAGE})"
        return None, [failed(_first(error), fix)]
    if state is None:
        return None, [failed(f"{where} has no stack {engine.stack}", f"pulumi stack init {engine.stack}")]
    return state, [ok(f"{where} has the stack {engine.stack}")]


def stack(file: Path, state: State) -> tuple[Settings | None, list[Finding]]:
    """The settings, where nothing is wrong with them, also beside what was applied last."""
    wrong = [failed(*_problem(line)) for line in defects(file, state)]
    return (None, wrong) if wrong else (load_stack_file(file), [ok(f"{file.name} is sound")])


def values(engine: Engine, settings: Settings) -> tuple[Mapping[str, str], list[Finding]]:
    """Values of the secrets, empty where the passphrase does not open them, and what is wrong with them."""
    try:
        found = secret_values.opened(engine)
    except StateError as error:
        fix = f"export PULUMI_CONFIG_PASSPHRASE_FILE with the passphrase of this stack ({_PAGE})"
        return {}, [failed(_first(error), fix)]
    wrong = [failed(*_problem(line)) for line in secrets.problems(found.get, settings)]
    return found, wrong or [ok("all that the stack file needs are set")]


def _problem(line: str) -> tuple[str, str]:
    """A defect and its fix, which stands behind a semicolon."""
    defect, _, fix = line.partition("; ")
    return defect, fix


def _first(error: StateError) -> str:
    return next(iter(str(error).splitlines()), "no reason given").removeprefix("error: ")
