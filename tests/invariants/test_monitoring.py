"""One switch of the stack file decides whether anything is made for a Prometheus operator."""

import pytest

from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recording
from tests.support.objects import pods
from tests.support.program import record_program
from tests.support.wire import Path

RELEASE, MONITORS = "kubernetes:helm.sh/v3:Release", "kubernetes:monitoring.coreos.com/v1:*"
SWITCHES: tuple[tuple[str, Path], ...] = (
    ("authentik-release", ("server", "metrics", "serviceMonitor", "enabled")),
    ("authentik-release", ("worker", "metrics", "serviceMonitor", "enabled")),
    ("harbor-release", ("metrics", "enabled")),
    ("harbor-release", ("metrics", "serviceMonitor", "enabled")),
    ("matrix-release", ("haproxy", "serviceMonitors", "enabled")),
    ("matrix-release", ("matrixAuthenticationService", "serviceMonitors", "enabled")),
    ("matrix-release", ("synapse", "serviceMonitors", "enabled")),
    ("postgres-operator", ("monitoring", "podMonitorEnabled")),
    ("valkey-release", ("metrics", "enabled")),
    ("valkey-release", ("metrics", "podMonitor", "enabled")),
)
"""Where each chart is told to make a monitor, or to serve what one reads."""


@pytest.fixture(scope="module")
def monitored() -> Recording:
    return record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")


@pytest.mark.parametrize(("release", "path"), SWITCHES, ids=lambda part: part if isinstance(part, str) else part[0])
def test_a_chart_makes_monitors_only_on_request(
    update: Recording, monitored: Recording, release: str, path: Path
) -> None:
    assert not update.one(RELEASE, release).get("values", *path), "the API server may know no definition"
    assert monitored.one(RELEASE, release).get("values", *path) is True, "where the stack file says that it does"


def test_the_program_s_own_monitors_find_what_they_read(update: Recording, monitored: Recording) -> None:
    assert update.of_type(MONITORS) == [], "the API server may know no definition"
    found = {one.name: one for one in monitored.of_type(MONITORS)}
    assert set(found) == {"gitea-monitor", "gitea-runner-monitor", "postgres-metrics"}, "the charts have none that fits"
    (endpoint,) = found["gitea-monitor"].get("spec", "endpoints")
    assert endpoint["authorization"]["credentials"] == {"name": "metrics", "key": "token"}, "a Secret beside it"
    labels = {name: one.get("spec", "selector", "matchLabels") for name, one in found.items()}
    assert labels["gitea-monitor"] == {"app.kubernetes.io/name": "gitea", "app.kubernetes.io/instance": "gitea"}, (
        "those of the Service of the chart"
    )
    assert labels["postgres-metrics"] == {"cnpg.io/cluster": "postgres"}, "the label of its docs"
    (runner,) = [one for one, _ in pods(monitored) if one.name == "gitea-runner"]
    assert labels["gitea-runner-monitor"].items() <= runner.get("spec", "template", "metadata", "labels").items(), (
        "those of its pods"
    )
