"""What the demo says and leaves where it does not come to its end; no engine runs here."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab import __main__ as commands
from lab import demo
from lab.checkout import ROOT, Stack
from lab.driver import Driver, Result
from reporting.events import Listener


class Interrupted(Driver):
    """Somebody presses Ctrl-C in the middle of the update."""

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        if operation == "up":
            raise KeyboardInterrupt
        return Result(True)


class Refused(Driver):
    """Its preview fails."""

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        return Result(False, error="no such chart")


def left_by_an_earlier_run(workdir: Path) -> None:
    workdir.mkdir(exist_ok=True)
    for name in ("report.json", "report.html", "graph.svg"):
        (workdir / name).write_text("a success", encoding="utf-8")


def report(workdir: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workdir / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(("flags", "how"), [((), "the same command goes"), (("--fresh",), "without --fresh goes")])
def test_ctrl_c_ends_with_one_sentence_that_says_how_to_go_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    how: str,
) -> None:
    left_by_an_earlier_run(tmp_path)
    monkeypatch.setattr(commands, "Driver", Interrupted)
    assert commands.main(["demo", "--workdir", str(tmp_path), *flags]) == 130, "as a shell has it"
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("interrupted: "), "no traceback"
    assert str(tmp_path) in last, "what stays, and where"
    assert how in last, "how to go on"
    assert report(tmp_path)["result"] == "interrupted", "and for a program"
    assert not (tmp_path / "graph.svg").exists(), "the picture of another run would be taken for this one's"


def test_a_preview_that_fails_leaves_a_report_of_its_own(tmp_path: Path) -> None:
    left_by_an_earlier_run(tmp_path)
    assert demo.run(Refused(Stack(ROOT, "test-cluster", tmp_path)), Console(file=io.StringIO())) == 1, "it failed"
    assert (report(tmp_path)["result"], report(tmp_path)["phases"]) == ("preview failed", []), "nothing was made"
    assert not (tmp_path / "graph.svg").exists(), "there is nothing to draw"
