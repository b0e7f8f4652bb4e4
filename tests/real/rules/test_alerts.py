"""Each alert speaks when it should and is silent when not, by Prometheus' own reading of its rule."""

import itertools
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.monitoring.alert import Alert, rules
from components.monitoring.alerts import declared
from components.monitoring.dashboards import OVERVIEW
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES

BACKUP = load_stack_file(FIXTURES / "valid" / "every-key.yaml").backup
assert BACKUP is not None
ALERTS = {alert.name: alert for alert in itertools.chain(*declared(BACKUP.schedules.databases).values())}
CASES: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))
_OPPOSITE = {"==": "!=", ">": "<", "<": ">"}


def _tests(alert: str) -> list[dict[str, Any]]:
    """A case of its own for what fires and for what does not."""
    case = CASES[alert]
    expression = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    return [
        {
            "name": f"{alert} {when}",
            "interval": "1m",
            "input_series": [{"series": series, "values": values} for series, values in given.items()],
            "promql_expr_test": [
                {
                    "expr": expression,
                    "eval_time": case.get("at", "2h"),
                    "exp_samples": [{"labels": "{}", "value": 1}][:count],
                }
            ],
        }
        for when, count in (("fires", 1), ("silent", 0))
        for given in (case[when] if isinstance(case[when], list) else [case[when]])
    ]


def _run(promtool: Path, directory: Path, alerts: list[Alert]) -> subprocess.CompletedProcess[str]:
    (directory / "rules.yaml").write_text(json.dumps(rules(alerts)), encoding="utf-8")
    tests = [test for alert in alerts for test in _tests(alert.name)]
    suite = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (directory / "tests.yaml").write_text(json.dumps(suite), encoding="utf-8")
    command = [str(promtool), "test", "rules", str(directory / "tests.yaml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def test_prometheus_takes_every_rule(promtool: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps(rules([*ALERTS.values()], "https://git.example.com/runbooks")), encoding="utf-8")
    command = [str(promtool), "check", "rules", "--lint=all", "--lint-fatal", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(ALERTS)} rules found" in run.stdout


def test_prometheus_takes_every_expression_of_the_dashboard(promtool: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    recorded = [{"record": f"panel:{number}", "expr": panel.expression} for number, panel in enumerate(OVERVIEW)]
    file.write_text(json.dumps({"groups": [{"name": "overview", "rules": recorded}]}), encoding="utf-8")
    command = [str(promtool), "check", "rules", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.failure("silent-failure")
def test_each_alert_speaks_when_it_should_and_is_silent_when_not(promtool: Path, tmp_path: Path) -> None:
    assert set(CASES) == set(ALERTS), "one case for each"
    run = _run(promtool, tmp_path, [*ALERTS.values()])
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_a_comparison_turned_round_is_noticed(promtool: Path, tmp_path: Path, name: str) -> None:
    alert = ALERTS[name]
    places = [*re.finditer(r"(?<=\s)(==|>|<)(?=\s)", alert.expression)]
    assert places, "every alert compares something"
    for place in places:
        turned = alert.expression[: place.start()] + _OPPOSITE[place[0]] + alert.expression[place.end() :]
        assert _run(promtool, tmp_path, [replace(alert, expression=turned)]).returncode != 0, f"{turned}: passes"


@pytest.mark.parametrize("name", [name for name, alert in ALERTS.items() if alert.minutes])
def test_an_alert_that_waits_for_ever_is_noticed(promtool: Path, tmp_path: Path, name: str) -> None:
    assert _run(promtool, tmp_path, [replace(ALERTS[name], minutes=9999)]).returncode != 0
