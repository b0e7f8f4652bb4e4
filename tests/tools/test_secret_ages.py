"""`make secrets`: path, generation, age and readers, and no value."""

import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from register.secrets import declare
from stack_file.load import parse
from tests.stack_file.stacks import SHIPPED, sections
from tools import secret_ages
from tools.secret_ages import document, table

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARENT = "urn:pulumi:home::home-cluster::home-cluster:generated_fields:GeneratedFields::"
DECLARED = declare(parse(sections(SHIPPED) | {"rotation": {"generations": {"gitea/admin": 3}}}))


def _state(ages: dict[str, timedelta], generations: dict[str, int]) -> dict[str, Any]:
    resources: list[dict[str, Any]] = [
        {"type": "pulumi:pulumi:Stack", "outputs": {"secretGenerations": generations}},
        *(
            {
                "type": "random:index/randomPassword:RandomPassword",
                "parent": PARENT + path.replace("/", "-"),
                "created": (NOW - age).isoformat(),
                "outputs": {"result": "planted-canary"},
            }
            for path, age in ages.items()
        ),
    ]
    return {"deployment": {"resources": resources}}


def _lines(state: dict[str, Any]) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=300).print(table(DECLARED, state, NOW))
    return out.getvalue().splitlines()


def _line(lines: list[str], path: str) -> str:
    return next(line for line in lines if line.startswith(f"{path} "))


def test_the_oldest_values_come_first_and_those_not_made_yet_last() -> None:
    ages = {"gitea/server": timedelta(minutes=5), "oidc/gitea": timedelta(days=400), "gitea/admin": timedelta(hours=7)}
    lines = _lines(_state(ages, {}))
    assert [line.split()[0] for line in lines[1:4]] == ["oidc/gitea", "gitea/admin", "gitea/server"], "by age"
    assert "400 d" in _line(lines, "oidc/gitea"), "in days"
    assert "7 h" in _line(lines, "gitea/admin"), "in hours"
    assert "5 min" in _line(lines, "gitea/server"), "in minutes"
    assert "not yet" in _line(lines, "postgres/gitea"), "the next update makes it"
    assert len(lines) == 1 + len(DECLARED), "every secret has a line"


def test_a_rotation_that_has_not_run_yet_shows() -> None:
    lines = _lines(_state({}, {"gitea/admin": 2, "gitea/server": 1}))
    assert "2, 3 with the next update" in _line(lines, "gitea/admin"), "the file is ahead of the cluster"
    assert "update" not in _line(lines, "gitea/server"), "the others agree"
    assert "permanent" in _line(lines, "gitea/encryption"), "it has no generation"


def test_no_value_is_shown() -> None:
    state = _state({"gitea/admin": timedelta(days=1)}, {})
    shown = "\n".join([*_lines(state), json.dumps(document(DECLARED, state, NOW))])
    assert "planted-canary" not in shown, "ages and readers, never values"


def test_a_program_gets_json_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "Pulumi.test-cluster.yaml", tmp_path)
    state = _state({"gitea/admin": timedelta(days=1)}, {"gitea/admin": 1})
    monkeypatch.setattr(secret_ages, "cli", lambda _: tmp_path)
    monkeypatch.setattr(secret_ages, "exported", lambda *_: state)
    assert secret_ages.main(["--stack", "test-cluster", "--json"], tmp_path) == 0, "it was read"
    found = {entry["secret"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert found["gitea/admin"]["made"] == "2026-11-22T12:00:00Z", "in universal time"
    assert found["gitea/admin"]["applied"] == 1, "as the last update left it"
    assert found["postgres/gitea"]["made"] is None, "the next update makes it"
    assert secret_ages.main(["--stack", "test-cluster"], tmp_path) == 0, "for people"
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(found), "in a pipe each secret is one line, its names whole"
