"""`make rehearse CHANGE=…` of the platform that came up: what would happen, by part, and nothing of it happens."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab.change import change
from lab.driver import Driver, Result
from reporting.events import Listener
from tests.engine.platform import Outcome, copy_of

pytestmark = pytest.mark.engine


class Up(Driver):
    """The platform is up already, as its file says."""

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        return Result(True) if operation == "up" else super().run(operation, listener, **options)


def rehearsed(driver: Driver, setting: str) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    code = change(driver, setting, console)
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    return code, console.file.getvalue()


def test_a_change_is_shown_by_part_with_what_it_interrupts(
    platform: Outcome, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stack = copy_of(platform.stack, tmp_path / "changed")
    before, state = stack.file.read_text(encoding="utf-8"), stack.state()
    code, text = rehearsed(Up(stack), "rotation.generations={gitea/server: 2}")
    assert code == 0, text
    rows = [line.rstrip().split(maxsplit=3) for line in text.splitlines()]
    assert ["gitea", "1", "update", "gitea-server"] in rows, text
    assert ["phase1-infrastructure", "1", "update", "gitea-server-kv"] in rows, text
    assert "gitea/server: " in text, "what does not work meanwhile, as the secret declares it"
    assert (stack.file.read_text(encoding="utf-8"), stack.state()) == (before, state), "and nothing of it happens"
    code, _ = rehearsed(Up(stack), "gitea.size=1Gi")
    assert (code, "gitea.size: 1Gi is less than 10Gi" in capfd.readouterr().err) == (1, True), "as make up refuses it"
