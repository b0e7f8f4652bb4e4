"""The end of the demo, on the platform that came up: what it prints, what it leaves, and its exit code."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lab import demo
from lab.driver import Driver, Result
from lab.providers.kubernetes.cluster import RELEASES
from reporting.events import Listener
from tests.engine.platform import Outcome, copy_of, world_of

pytestmark = pytest.mark.engine


class Finished(Driver):
    """Has nothing left to do: every operation leaves the world as it is."""

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        return Result(True, {"same": 1})


class Failing(Driver):
    """Its updates fail."""

    def run(self, operation: str, listener: Listener | None = None, **options: Any) -> Result:
        return Result(operation == "preview", error="the API is not answering")


def shown(driver: Driver) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    code = demo.run(driver, console)
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    return code, console.file.getvalue()


def test_it_ends_with_all_hosts_and_the_success_metrics(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "copy")
    code, text = shown(Finished(stack))
    report = json.loads((stack.workdir / "report.json").read_text(encoding="utf-8"))
    assert code == 0, text
    for name in ("auth", "git", "vault"):
        assert f"https://{name}.engine.example.com" in text, "a host of the domain strategy"
    assert report["result"] == "succeeded", "the report says the same"
    assert {entry["ok"] for entry in report["success"]} <= {True, None}, "of each metric, too"
    last = [line for line in text.splitlines() if line.strip()][-len(report["success"]) :]
    ends = [line.startswith(entry["metric"]) for line, entry in zip(last, report["success"], strict=True)]
    assert all(ends), "the last thing that is seen is whether the platform does what it is for"


def test_it_fails_when_a_metric_does_not_hold(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "copy")
    with world_of(stack) as world:
        record = world.get(RELEASES, "gitea/gitea")
        assert record is not None, "the first bring-up made it"
        record["values"]["gitea"]["config"]["oauth2_client"]["ENABLE_AUTO_REGISTRATION"] = False
        world.put(RELEASES, "gitea/gitea", record)
    code, text = shown(Finished(stack))
    assert code == 1, "a script must notice"
    assert "users appear by themselves: gitea lets a person in and knows them: there is no account" in text, "what"


def test_a_platform_that_did_not_come_up_is_not_measured(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "copy")
    code, text = shown(Failing(stack))
    report = json.loads((stack.workdir / "report.json").read_text(encoding="utf-8"))
    assert (code, report["result"], report["success"]) == (1, "update failed", []), "half a platform has no success"
    assert text.rstrip().endswith("the API is not answering"), "the last thing that is seen is why"
