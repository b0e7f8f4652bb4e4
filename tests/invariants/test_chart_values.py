"""Values are ones the chart knows, and custom resources ones their definition accepts, going by upstream data."""

from typing import Any

import pytest

from lib.charts import TABLE
from tests.stack_file.stacks import FIXTURES
from tests.support import charts, definitions
from tests.support.charts import ChartData
from tests.support.engine import Recording
from tests.support.objects import key_of, objects, releases
from tests.support.program import record_program
from tests.support.wire import Path

pytestmark = pytest.mark.skipif(
    charts.directory() is None,
    reason=charts.WITHOUT,
)

each_chart = pytest.mark.parametrize("name", sorted(TABLE))
each_chart_with_a_schema = pytest.mark.parametrize(
    "name",
    [name for name in sorted(TABLE) if (data := charts.chart_data(name)) is not None and data.schema is not None],
)

# Values below these paths are handed on as they are, although values.yaml shows an example of them.
_FREE: dict[str, tuple[Path, ...]] = {
    "authentik": (("authentik",),),  # each becomes a variable AUTHENTIK_<A>__<B>
    "gitea": (("gitea", "config"),),
    "matrix-stack": (
        ("matrixAuthenticationService", "additional"),
        ("synapse", "additional"),
        ("elementWeb", "additional"),
        ("synapse", "ingress", "additionalPaths"),  # in the schema alone
    ),
}


def _data(name: str) -> ChartData:
    data = charts.chart_data(name)
    if data is None:
        pytest.skip(f"no data of the chart {name} in {charts.directory()}")
    if not data.is_of(TABLE[name].version):
        pytest.skip(f"the data are of {name} {data.version}, and the program pins {TABLE[name].version}")
    return data


def _values(recording: Recording, name: str) -> dict[str, Any]:
    """Values of the first release of a chart; with every option on where the stack leaves the chart off."""
    found, *_ = [
        one
        for one in (*releases(recording), *releases(_with_every_option()))
        if one.get("chart").rsplit("/", maxsplit=1)[-1] == name
    ]
    values: dict[str, Any] = found.get("values") or {}
    return values


def _with_every_option() -> Recording:
    return record_program(preview=False, stack_file=FIXTURES / "valid" / "every-key.yaml")


def _unknown(recording: Recording, name: str) -> list[str]:
    data, ours, free = _data(name), _values(recording, name), _FREE.get(name, ())
    unknown = [path for path in charts.unknown_keys(data, ours) if not any(path[: len(top)] == top for top in free)]
    return [".".join(map(str, path)) for path in unknown]


@pytest.mark.failure("ignored-value")
@each_chart
def test_every_key_of_the_values_is_one_of_the_chart(update: Recording, name: str) -> None:
    assert _unknown(update, name) == [], "Helm ignores a key it does not know, silently"


@each_chart
def test_so_is_every_key_that_an_option_of_the_stack_file_adds(name: str) -> None:
    assert _unknown(_with_every_option(), name) == [], "such as those of metrics"


@each_chart_with_a_schema
def test_the_values_satisfy_the_schema_of_the_chart(update: Recording, name: str) -> None:
    assert charts.schema_errors(_data(name), _values(update, name)) == [], "Helm would refuse to install"


def test_a_value_that_the_schema_forbids_is_found() -> None:
    errors = charts.schema_errors(_data("traefik"), {"ingressClas": {"enabled": True}})
    assert any("ingressClas" in error for error in errors), "the check above would notice a typo in a strict chart"


@each_chart
def test_a_probe_has_one_handler_after_the_defaults_of_the_chart(update: Recording, name: str) -> None:
    values = charts.merged(_data(name).values, _values(update, name))
    assert list(charts.probes_with_two_handlers(values)) == [], "the API server accepts one; null removes the default"


@pytest.mark.failure("unknown-field")
def test_every_custom_resource_satisfies_the_definition_of_its_kind(update: Recording) -> None:
    refused: list[str] = []
    checked = set()
    for one in objects(update):
        errors = definitions.custom_resource_errors(one.inputs)
        if errors is not None:
            checked.add(one.get("kind"))
            refused += [f"{one}: {error}" for error in errors]
    assert refused == [], "the API server would refuse it, or drop the field silently"
    wanted = {"ExternalSecret", "ClusterSecretStore", "Certificate", "ClusterIssuer", "Cluster", "Database"}
    assert wanted <= checked, "definitions of the main operators are at hand"


def test_a_custom_resource_without_a_definition_at_hand_is_one_of_cilium(update: Recording) -> None:
    built_in = {"", "apps", "batch", "policy"}
    unknown = {
        (key_of(one).group, one.get("kind"))
        for one in objects(update)
        if key_of(one).group not in built_in
        and not key_of(one).group.endswith(".k8s.io")
        and definitions.custom_resource_errors(one.inputs) is None
    }
    assert {group for group, _ in unknown} <= {"cilium.io"}, "its operator registers them, so no chart holds them"


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        ({"kind": "ExternalSecret", "spec": {"secretStoreReff": {"name": "vault"}}}, "secretStoreReff"),
        ({"kind": "ExternalSecret", "spec": {"refreshInterval": 60}}, "refreshInterval"),
        ({"kind": "ClusterSecretStore", "spec": {"provider": {"vault": {"path": "kv"}}}}, "server"),
    ],
)
def test_a_defective_custom_resource_is_found(resource: dict[str, Any], told: str) -> None:
    _data("external-secrets")
    errors = definitions.custom_resource_errors({"apiVersion": "external-secrets.io/v1", "metadata": {}, **resource})
    assert any(told in error for error in errors or ()), f"the check above would notice, not {errors}"


def test_a_version_that_is_not_served_is_no_definition() -> None:
    _data("external-secrets")
    resource = {"apiVersion": "external-secrets.io/v1beta1", "kind": "ExternalSecret", "metadata": {}, "spec": {}}
    assert definitions.custom_resource_errors(resource) is None, "it is in the chart but the API server refuses it"


def test_a_key_the_chart_does_not_know_is_found() -> None:
    data = _data("reflector")
    unknown = list(charts.unknown_keys(data, {"replicaCount": 1, "replicaCounts": 2}))
    assert unknown == [("replicaCounts",)], "a typo among the values"


def test_values_are_merged_as_helm_does_it() -> None:
    defaults = {"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": {}}
    ours = {"a": {"c": [3]}, "d": None, "e": {"f": 1}, "g": 2}
    assert charts.merged(defaults, ours) == {"a": {"b": 1, "c": [3]}, "e": {"f": 1}, "g": 2}, (
        "mappings grow together, lists are replaced, null removes"
    )
