"""The drill of a restore: what it finds, and that each planted fault makes it fail. Real: Pulumi's CLI and age."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from settings.model import Settings
from stack_file.load import load_stack_file
from tests.stack_file.stacks import SHIPPED
from tests.tools.backups.faults import OF_AGE
from tools.backups import drilling, summary
from tools.backups.drill import tried
from tools.backups.part import Bench, Fault
from tools.backups.registry import PARTS
from tools.backups.store import BackupError

STACK = "test-cluster"
SETTINGS = load_stack_file(SHIPPED)
STATE = PARTS[0]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("fault", "says"),
    OF_AGE,
)
def test_the_state_comes_back_unless_a_fault_is_planted(fault: Fault | None, says: str, tmp_path: Path) -> None:
    trial = tried(STATE, SETTINGS, tmp_path, fault)
    assert trial.what.startswith("real: ")
    assert says in trial.problem
    assert (trial.problem != "") == (fault is not None)


class Memory:
    """A bench that is a variable, and forgets what it is told to."""

    what = "a variable"

    def __init__(self, restores: bool = True) -> None:
        self.now: str | None = None
        self.kept: str | None = None
        self.restores = restores

    def write(self, sentinel: str) -> None:
        self.now = sentinel

    def back_up(self) -> None:
        self.kept = self.now

    def destroy(self) -> None:
        self.now = None

    def plant(self, fault: Fault) -> None:
        """It has no file."""

    def restore(self) -> None:
        if not self.restores:
            raise BackupError("there is nothing to restore from")
        self.now = self.kept

    def sentinel(self) -> str | None:
        return self.now


def of_memory(restores: bool) -> Callable[[Settings, Path], AbstractContextManager[Bench]]:
    @contextmanager
    def bench(settings: Settings, folder: Path) -> Iterator[Bench]:
        yield Memory(restores)

    return bench


def test_the_report_of_a_drill_is_for_people_and_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / SHIPPED.name).write_bytes(SHIPPED.read_bytes())
    folder = tmp_path / "build" / STACK
    for restores, code, result in (True, 0, "held"), (False, 1, "failed"):
        monkeypatch.setattr(drilling, "PARTS", (replace(STATE, bench=of_memory(restores)),))
        assert drilling.main(["--stack", STACK], tmp_path) == code
        found = json.loads((folder / summary.DRILL).read_text())
        assert (found["result"], found["parts"][0]["what"]) == (result, "a variable")
        assert datetime.fromisoformat(found["time"]).tzinfo is not None
        assert (folder / "restore-drill.md").read_text() == capsys.readouterr().out
        assert summary.drill(folder) == f"restore drill: {result}, {found['time']}"
    drilling.main(["--stack", STACK, "--fault", "old"], tmp_path)
    assert json.loads((folder / summary.DRILL).read_text()) == found, "a planted fault is no drill"
