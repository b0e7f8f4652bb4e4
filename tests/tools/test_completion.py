"""What a shell offers behind `make`, asked of the shells themselves; and the list that `make` alone shows."""

import os
import pty
import select
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.engine.platform import STACK_FILE as ENGINE
from tests.stack_file.stacks import SHIPPED
from tests.support.program import ROOT
from tools.completion import SHELL, candidates, targets

BASH = ("bash", "--norc", "--noprofile", "-i")
ZSH = ("zsh", "-f", "-i")
_SECONDS = 60


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with three stacks, of which one has a chain."""
    for path in ROOT.iterdir():
        if not path.name.startswith("Pulumi.") and path.name != ".git":
            (tmp_path / path.name).symlink_to(path)
    for name in ("home", "test-cluster"):
        shutil.copyfile(SHIPPED, tmp_path / f"Pulumi.{name}.yaml")
    shutil.copyfile(ENGINE, tmp_path / "Pulumi.engine.yaml")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "some", "none"),
    [
        ("make ", ["up", "rotate", "STACK="], ["check-lint", "PYTHON="]),
        ("make rota", ["rotate"], ["up"]),
        ("make rotate ", ["SECRET=", "STACK="], ["up", "USER=", "PY="]),
        ("make invite STACK=home ", ["USER="], ["STACK=", "PERSON="]),
        ("make up STACK=", ["STACK=home", "STACK=test-cluster"], []),
        ("make rotate STACK=test-cluster SECRET=gitea/", ["SECRET=gitea/server"], ["SECRET=harbor/admin"]),
        ("make invite STACK=home USER=", ["USER=agentydragon"], []),
        ("make up PHASE=phase2", ["PHASE=phase2-identity"], ["PHASE=cluster"]),
        ("make restore WHAT=", ["WHAT=all", "WHAT=state", "WHAT=gitea"], []),
        ("make up SERVICE=", ["SERVICE=gitea"], []),
        ("make up STACK=engine CHAIN=", ["CHAIN=observability"], []),
        ("make rotate STACK=absent SECRET=", [], ["SECRET=gitea/server"]),
    ],
)
def test_candidates(checkout: Path, line: str, some: Sequence[str], none: Sequence[str]) -> None:
    found = list(candidates(line, checkout))
    assert (set(some) - set(found), set(none) & set(found)) == (set(), set()), found


@pytest.mark.parametrize("shell", [BASH, ZSH], ids=lambda shell: shell[0])
def test_a_shell_completes_targets_stacks_and_secrets(checkout: Path, shell: Sequence[str]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    (checkout / "completion").write_text(SHELL, encoding="utf-8")
    keys = "make rota\tSTACK=test-cl\tSECRET=gitea/ser\t\n"
    assert "<rotate|STACK=test-cluster|SECRET=gitea/server>" in _typed(shell, checkout, keys)


def _typed(shell: Sequence[str], checkout: Path, keys: str) -> str:
    """What a shell at a terminal prints for these keys, when `make` only says its arguments."""
    begin = ". ./completion; make() { local IFS='|'; echo \"<$*>\"; }; echo beg''un\n"
    variables: Mapping[str, str] = {**os.environ, "TERM": "dumb", "PS1": "$ ", "HISTFILE": "/dev/null"}
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        shell, cwd=checkout, env=variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        try:
            os.write(ours, begin.encode())
            shown = _until(ours, "begun")
            os.write(ours, keys.encode())
            return shown + _until(ours, ">")
        finally:
            process.kill()
            os.close(theirs)
            os.close(ours)


def _until(terminal: int, end: str) -> str:
    shown = ""
    while end not in shown:
        ready, _, _ = select.select([terminal], [], [], _SECONDS)
        assert ready, f"the shell says nothing more: {shown}"
        shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_what_a_target_takes_is_read_off_its_recipe() -> None:
    makefile = "up down: setup ## do\n\t@$(PY) $@ $(STACK) $(ARGS)\nhidden: up\n\t$(SECRET)\nX := 1\nlast: ## end\n"
    assert targets(makefile) == {"up": {"STACK", "ARGS"}, "down": {"STACK", "ARGS"}, "last": set()}


def test_make_alone_lists_its_targets_in_groups_of_80_columns() -> None:
    shown = subprocess.run(
        ["/usr/bin/env", "make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert max(map(len, shown.splitlines())) <= 80, "a terminal as it opens"
    listed = {word for line in shown.splitlines() if line.startswith("  make ") for word in line[7:34].split()}
    assert listed == targets((ROOT / "Makefile").read_text(encoding="utf-8")).keys(), "each stands in a group"
