"""`SERVICE=` on the real engine: one service is brought up to date, and the next whole update does the rest."""

from pathlib import Path
from typing import Any

import pytest

from lab.driver import Result
from settings.changes import applied as recorded
from tests.engine.platform import Outcome, copy_of, driver, edit
from tools.selection.command import chosen
from tools.selection.parts import Part

pytestmark = pytest.mark.engine

SERVICES = ("gitea", "harbor", "matrix")


def _change(sections: dict[str, Any]) -> None:
    sections["gitea"]["adminEmail"] = "operators@example.com"
    sections["harbor"]["projects"]["more"] = {"members": {"people": "developer"}}
    sections["harbor"]["robots"]["reader"] = {"permissions": {"tools": ["pull"]}}


def _changed(result: Result) -> set[str]:
    """Names of what was changed, without the stack, whose outputs are always written."""
    done = [one for one in result.events if one["event"] == "done" and one["op"] not in ("same", "read")]
    return {one["urn"].rpartition("::")[2] for one in done if one["type"] != "pulumi:pulumi:Stack"}


def test_a_change_of_two_services_is_brought_about_one_by_one(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "parts")
    before = recorded(stack.state() or {})
    edit(stack, _change)
    plan = stack.workdir / "plan.json"
    preview = driver(stack).preview(plan=str(plan))
    assert preview.ok, preview.error
    selection = chosen(Part(service="gitea"), plan, stack.state() or {}, SERVICES, stack.name)
    gitea = driver(stack).up(target=sorted(selection.targets))
    assert gitea.ok, gitea.messages()
    expected = {"gitea-release", "gitea-login", "gitea-content", "gitea-content-again"}
    assert _changed(gitea) == expected, "Harbor's new secret is skipped, and its project is not there yet"
    assert recorded(stack.state() or {}) == before, "nor is it written down as applied"
    everything = driver(stack).up()
    assert everything.ok, everything.messages()
    rest = _changed(everything)
    assert {"harbor-content", "harbor-robot-reader-kv", "applied-settings-record"} <= rest, "the rest follows"
    assert not rest & expected, "and what was done is not done again"
    assert "harbor.projects.more.proxyCache" in recorded(stack.state() or {})
