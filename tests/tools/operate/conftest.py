"""A checkout in which the real operations run against a CLI that only says what it was given."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.operation import PRELOADED, PROCESSES
from stack_file.load import load_stack_file
from tests.support.program import ROOT, STACK_FILE
from tests.tools.conftest import script
from tests.tools.operate.operating import Run, become, configured
from tests.tools.operate.viewing import PREVIEW, says, state
from tools import operate
from tools.operating.operation import Operation
from tools.state import Engine

# Each operation here is a process of its own, which has what it runs from the one that it is forked off.
PROCESSES.set_forkserver_preload([*PRELOADED, become.__module__])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the real stack file and a CLI that prints its arguments and what it is told to trust.

    Asked for the state of the stack, it answers with the file `state`, or fails with the text of the file `failure`: at
    first as the real one does where nobody brought the stack up yet. A lock it was told to remove is gone. The file
    `config` is what it says of the stack's configuration, `history` of its updates, and `plan` what it would save of a
    preview. What it does otherwise is in cli.py.
    """
    shutil.copy(ROOT / "Pulumi.test-cluster.yaml", tmp_path)
    home = tmp_path / "installed"
    script(
        home / "pulumi",
        f"""if [ "$1 $2" = "stack export" ]; then
    test -e {tmp_path}/state && exec cat {tmp_path}/state
    cat {tmp_path}/failure >&2; exit 255
fi
[ "$1 $2" = "preview --save-plan" ] && exec cp {tmp_path}/plan "$3"
[ "$*" = "config --json --show-secrets --stack test-cluster --non-interactive" ] && exec cat {tmp_path}/config
[ "$1 $2" = "stack history" ] && exec cat {tmp_path}/history
[ "$1 $2" = "stack import" ] && exec cp "$4" {tmp_path}/state
[ "$1" = cancel ] && exec rm -r {tmp_path}/backend/.pulumi/locks
exec {sys.executable} {ROOT}/tests/tools/operate/cli.py "$@" """,
    )
    script(home / operate.LANGUAGE_HOST, "exit 0")
    (tmp_path / "failure").write_text("error: no stack named 'test-cluster' found\n")
    configured(tmp_path, {})
    (tmp_path / ".tools").mkdir()
    (tmp_path / ".tools" / "pulumi").symlink_to(home / "pulumi")
    return tmp_path


@pytest.fixture
def run(checkout: Path) -> Run:
    """Run an operation in the checkout, with the project's own packages importable."""

    def operation(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        base = {name: value for name, value in os.environ.items() if name != "SSL_CERT_DIR"}
        base["PULUMI_BACKEND_URL"] = f"file://{checkout}/backend?metadata=skip"
        said = checkout / "stdout", checkout / "stderr"
        child = PROCESSES.Process(target=become, args=(arguments, checkout, base | environment, said))
        child.start()
        child.join()
        stdout, stderr = (file.read_text() for file in said)
        return subprocess.CompletedProcess(arguments, child.exitcode or 0, stdout, stderr)

    return operation


@pytest.fixture
def up(checkout: Path) -> Callable[..., Operation]:
    """An update of a stack that is there, of which the CLI foretells PREVIEW."""
    state(checkout, urls={"gitea": "https://git.example.com"})
    says(checkout, "preview", PREVIEW)

    def operation(*extra: str, agree: Callable[[str], bool] | None = None, **more: Any) -> Operation:
        engine = Engine(checkout / ".tools" / "pulumi", "test-cluster", checkout)
        given: dict[str, Any] = {
            "name": "up",
            "given": ("--continue-on-error",),
            "environment": {**os.environ, "SSL_CERT_DIR": ""},
            "text": "",
            "before": engine.state(),
        }
        return Operation(engine=engine, extra=extra, settings=load_stack_file(STACK_FILE), agree=agree, **given | more)

    return operation
