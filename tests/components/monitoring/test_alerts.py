"""Alerts are of use to who is woken by them. Whether they speak at the right time is tested in tests/real/rules."""

import itertools
import re
from pathlib import Path

import pytest

from components.monitoring.alert import rules
from components.monitoring.alerts import declared
from lib.kubernetes import KEEP
from settings.backup import BackupSchedules
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tools import alert_listing
from tools.check_links import anchors

RUNBOOKS = Path(__file__).resolve().parents[3] / "docs" / "runbooks"
BACKUP = load_stack_file(FIXTURES / "valid" / "every-key.yaml").backup
assert BACKUP is not None
ALERTS = (*itertools.chain(*declared(BACKUP.schedules.databases).values()),)


def test_each_alert_leads_to_a_heading_of_a_runbook() -> None:
    lost = []
    for alert in ALERTS:
        page, _, heading = alert.runbook.partition("#")
        if not heading or heading not in anchors(RUNBOOKS / page):
            lost.append(f"{alert.name}: {alert.runbook}")
    assert lost == [], "who is woken has to know what to do"


def test_each_alert_of_the_page_is_one_and_says_what_it_is_about() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
    page = (RUNBOOKS / "alerts.md").read_text(encoding="utf-8")
    named = {
        one
        for line in re.findall(r"(?m)^- \*\*Symptom\.\*\* (.*)", page)
        for one in re.findall(r"`([A-Z][a-zA-Z]+)`", line)
    }
    assert named == {alert.name for alert in ALERTS if alert.runbook.startswith("alerts.md")}, "the symptom by its name"
    for rule in rules(ALERTS)["groups"][0]["rules"]:
        assert rule["annotations"]["description"].endswith("."), f"{rule['alert']}: a sentence"
        assert "runbook_url" not in rule["annotations"], "nobody has said where the pages are read"
    (rule,) = rules(ALERTS[:1], "https://git.example.com/runbooks/")["groups"][0]["rules"]
    assert rule["annotations"]["runbook_url"] == f"https://git.example.com/runbooks/{ALERTS[0].runbook}", "one slash"


def test_the_page_in_docs_is_what_is_declared_and_shows_no_template() -> None:
    written = alert_listing.TARGET.read_text(encoding="utf-8")
    assert written == alert_listing.text(declared(BackupSchedules().databases)), "run: make generate"
    assert re.findall(r"(?m)^### (\w+)$", written) == [alert.name for alert in ALERTS], "each has its heading"
    assert "{{" not in re.sub(r"```.*?```", "", written, flags=re.DOTALL)


@pytest.mark.failure("silent-failure")
def test_the_rules_are_there_once_their_kind_is(monitored: Recording, update: Recording) -> None:
    found = monitored.one("kubernetes:monitoring.coreos.com/v1:PrometheusRule", "alerts-rules")
    release = monitored.one("kubernetes:*:Release", "monitoring-definitions-release")
    assert monitored.is_after(found, release)
    prometheus = monitored.one("kubernetes:*:Release", "prometheus-release")
    assert monitored.is_after(prometheus, release), "its chart makes monitors"
    assert release.get("values", "crds", "annotations") == KEEP, "with them everybody's monitors would go"
    told = {rule["alert"]: rule["annotations"] for rule in found.get("spec", "groups", 0, "rules")}
    assert set(told) == {alert.name for alert in ALERTS}
    assert told["VaultSealed"]["runbook_url"] == (
        "https://git.home.example.com/home/cluster/src/branch/main/docs/runbooks/vault-recovery.md#unseal-by-hand"
    ), "where the stack file says that the pages are read"
    assert update.of_type("kubernetes:monitoring.coreos.com/v1:PrometheusRule") == []


def test_the_jobs_that_alerts_name_are_read_under_that_name(monitored: Recording) -> None:
    named = {job for alert in ALERTS for job in re.findall(r'\bjob="([^"]+)"', alert.expression)} - {"kube-etcd"}
    assert named, "that of Vault; kube-prometheus-stack reads etcd"
    for job in named:
        monitor = monitored.one("kubernetes:monitoring.coreos.com/v1:PodMonitor", f"monitors-{job}")
        (endpoint,) = monitor.get("spec", "podMetricsEndpoints")
        assert {"targetLabel": "job", "replacement": job} in endpoint["relabelings"], "or the alert never is silent"
