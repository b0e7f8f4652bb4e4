"""Every workload of phase 1 asks for what it needs, is bounded in memory, and has a budget where one makes sense."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.engine import Recorded, Recording
from tests.support.objects import namespace_of, of_kind, releases
from tests.support.wire import Path

PHASE = "phase1-infrastructure"

# Where the values of each chart say what each container of it may use. The containers are those of the charts'
# templates with these values: a chart that brings another one has to be looked at anew.
CONTAINERS: Mapping[str, Mapping[str, Path]] = {
    "vault": {"vault": ("server", "resources")},
    "external-secrets": {
        "external-secrets": ("resources",),
        "webhook": ("webhook", "resources"),
        "cert-controller": ("certController", "resources"),
    },
    "cloudnative-pg": {"manager": ("resources",)},
    "valkey": {"valkey": ("resources",), "valkey-init": ("initResources",)},
}


def _chart(one: Recorded) -> str:
    return str(one.get("chart")).rsplit("/", maxsplit=1)[-1]


def _releases(recording: Recording) -> dict[str, Recorded]:
    return {_chart(one): one for one in releases(recording) if recording.phase_of(one) == PHASE}


def _lacking(resources: Any) -> list[str]:
    given = resources or {}
    wanted = [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")]
    return [f"{part}.{name}" for part, name in wanted if not (given.get(part) or {}).get(name)]


def _bounded(recording: Recording) -> Iterator[tuple[str, Any]]:
    """Name and resources of every container of charts and of Postgres; those of the program are in test_workloads."""
    for chart, release in _releases(recording).items():
        for container, path in CONTAINERS[chart].items():
            yield f"{chart}: {container}", release.get("values", *path)
        for sidecar in release.get("values", "server", "extraContainers") or ():
            yield f"{chart}: {sidecar['name']}", sidecar.get("resources")
    for one in of_kind(recording, "Cluster"):
        yield str(one), one.get("spec", "resources")


def test_the_table_names_every_chart_of_the_phase(update: Recording) -> None:
    assert set(_releases(update)) == set(CONTAINERS), "a new chart brings containers that somebody has to bound"


def test_every_container_asks_for_what_it_needs_and_is_bounded_in_memory(program: Recording) -> None:
    bounded = dict(_bounded(program))
    assert len(bounded) >= 8, "charts, sidecars and Postgres are looked at"
    lacking = {name: missing for name, resources in bounded.items() if (missing := _lacking(resources))}
    assert lacking == {}, "an unbounded container takes its node down, and with it what stands beside it"


@pytest.mark.parametrize(
    ("resources", "missing"),
    [
        (None, ["requests.cpu", "requests.memory", "limits.memory"]),
        ({"requests": {"cpu": "10m", "memory": "1Gi"}}, ["limits.memory"]),
        ({"requests": {"cpu": "10m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}, []),
    ],
)
def test_a_missing_bound_is_noticed(resources: Any, missing: list[str]) -> None:
    assert _lacking(resources) == missing, "the check can fail"


def test_what_runs_twice_has_a_budget_and_what_runs_once_has_none(update: Recording) -> None:
    (postgres,) = of_kind(update, "Cluster")
    assert postgres.get("spec", "enablePDB") is (postgres.get("spec", "instances") > 1), "guarded, if there is another"
    single = [
        str(one)
        for one in of_kind(update, "PodDisruptionBudget")
        if update.phase_of(one) == PHASE and namespace_of(one) in ("databases", "cnpg-system", "external-secrets")
    ]
    assert single == [], "a budget for one replica keeps its node from ever being drained"
