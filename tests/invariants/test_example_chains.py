"""The chains of examples/ fit the shipped stack file, and what they bring is what charts and API server take."""

import re
from pathlib import Path
from typing import Any

import pytest

from lab.providers.kubernetes import admission
from stack_file import check
from stack_file.load import load_stack_file
from tests.support import charts, definitions
from tests.support.engine import Recorded, Recording
from tests.support.examples import CHAINS, write
from tests.support.objects import RELEASE, containers, key_of, namespace_of, objects, of_kind, pods
from tests.support.program import record_program
from tests.support.validation import built_in, refusals

_FREE = (("fullnameOverride",), ("grafana.ini",), ("hub", "config"))
"""What the templates take without an example in values.yaml, or hand on as it is."""
_PINNED = re.compile(r"[a-z0-9.-]+\.[a-z]+/\S+:v?\d+\.\d+[\w.-]*")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record_program(preview=False, stack_file=write(tmp_path_factory.mktemp("examples"), *CHAINS))


def _is_of_a_chain(recording: Recording, one: Recorded) -> bool:
    return str(recording.phase_of(one)).startswith("chain-")


@pytest.mark.parametrize("chain", CHAINS, ids=lambda path: path.parent.name)
def test_each_is_taken_by_itself(chain: Path, tmp_path: Path) -> None:
    path = write(tmp_path, chain)
    assert list(check.defects(path)) == [], "without the others"
    assert load_stack_file(path).chains, "it declares a chain"
    assert (chain.parent / "README.md").exists(), "and says what to change"


def test_what_they_run_is_pinned_bounded_and_admitted(recording: Recording) -> None:
    levels = {
        key_of(one).name: one.get("metadata", "labels", admission.LABEL) for one in of_kind(recording, "Namespace")
    }
    found = [(one, pod) for one, pod in pods(recording) if _is_of_a_chain(recording, one)]
    assert {"loader", "training", "iris"} <= {key_of(one).name for one, _ in found}, "there are pods to look at"
    for one, pod in found:
        assert list(admission.violations(pod, levels[namespace_of(one)])) == [], str(one)
        for container in containers(pod):
            assert _PINNED.fullmatch(container["image"]), f"{one}: {container['image']}"
            assert container["resources"]["limits"]["memory"], f"{one}: {container['name']} has a bound of its own"


def test_their_objects_are_what_the_api_server_accepts(recording: Recording) -> None:
    found = [one for one in objects(recording) if _is_of_a_chain(recording, one)]
    assert list(refusals(built_in(found))) == [], "strict validation of the shipped release"
    if charts.directory() is None:
        pytest.skip(charts.WITHOUT)
    judged = {one.name: definitions.custom_resource_errors(one.inputs) for one in found}
    known = {name: errors for name, errors in judged.items() if errors is not None}
    assert {"chain-data-data-warehouse-cluster-warehouse", "chain-cicd-apps-certificate-registry-ca"} <= set(known)
    assert {name: errors for name, errors in known.items() if errors} == {}


@pytest.mark.parametrize(
    "name", ["grafana", "jupyterhub", "mlflow", "seaweedfs", "victoria-logs-collector", "victoria-logs-single"]
)
def test_their_values_are_ones_of_the_charts(recording: Recording, name: str) -> None:
    """Where the data of these charts are at hand, which `make charts` does not pull."""
    found: list[dict[str, Any]] = [one.get("values") for one in recording.of_type(RELEASE) if one.get("chart") == name]
    assert found, "an example has it"
    data = charts.chart_data(name)
    if data is None:
        pytest.skip(f"no data of the chart {name}")
    for values in found:
        unknown = [one for one in charts.unknown_keys(data, values) if not any(one[: len(top)] == top for top in _FREE)]
        assert unknown == [], "Helm ignores a key it does not know, silently"
        assert data.schema is None or charts.schema_errors(data, values) == [], "Helm would refuse to install"


def test_secrets_and_logins_reach_only_the_namespaces_that_use_them(recording: Recording) -> None:
    made = {key_of(one).namespace: set[str]() for one in of_kind(recording, "ExternalSecret")}
    for one in of_kind(recording, "ExternalSecret"):
        made[key_of(one).namespace].add(key_of(one).name)
    assert {name: found for name, found in made.items() if name.startswith(("data-", "ml-", "apps", "obs"))} == {
        "observability": {"grafana-admin", "oidc-grafana"},
        "data-storage": {"storage-users"},
        "data-warehouse": {"warehouse-owner", "warehouse-reader"},
        "data-processing": {"loader"},
        "data-analytics": {"analytics-admin", "warehouse-password", "oidc-analytics"},
        "ml-notebooks": {"oidc-notebooks"},
        "ml-tracking": {"tracking-database"},
    }
