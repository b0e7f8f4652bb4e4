"""What `make bench` reckons with: the floor, the simulated bring-up, growth; what it measures is no test."""

import json
from collections.abc import Mapping, Sequence

import pytest

from tests.support.engine import Recording, record
from tests.support.program import record_program
from tools.bench import floor, growth, makespan, operations, results
from tools.bench.growth import Point
from tools.bench.operations import Pair
from tools.bench.page import official_page, page
from tools.bench.serving import TRIVIAL, Cost

DIAMOND: Mapping[str, Sequence[str]] = {"top": [], "left": ["top"], "right": ["top"], "bottom": ["left", "right"]}
LONG_LAST: Mapping[str, Sequence[str]] = {"a": [], "b": [], "c": [], "long": []}


@pytest.fixture(scope="module")
def program() -> Recording:
    return record_program(preview=False)


def states(program: Recording) -> list[dict[str, object]]:
    """The resources as a state has them."""
    return [{**vars(one), "urn": one.urn} for one in program.resources]


def test_the_floor_has_as_many_resources_with_as_many_bytes_and_needs_nothing(program: Recording) -> None:
    found = record(floor.build(floor.shape_of(program.resources)))
    mine = [one for one in found.resources if one.type != "pulumi:pulumi:Stack"]
    assert [one.custom for one in mine] == [one.custom for one in program.resources], "one for one"
    assert {one.type for one in mine if one.custom} == {TRIVIAL}
    assert not any(one.dependencies for one in mine), "flat"
    given = {one.urn: floor.size(one) for one in program.resources if one.custom}
    # An input of the smallest form there is stands for none at all.
    assert [floor.size(one) for one in mine if one.custom] == [max(size, 11) for size in given.values()]


def test_what_is_of_kubernetes_is_a_config_map_of_as_many_bytes_for_the_official_provider(program: Recording) -> None:
    shape = floor.shape_of(program.resources, official=True)
    found = record(floor.build(shape, kubeconfig="{}"))
    theirs = [one for one in program.resources if one.type.startswith("kubernetes:")]
    mine = [one for one in found.resources if one.type == floor.CONFIG_MAP]
    assert len(found.resources) == len(program.resources), "its provider is one of them"
    assert [one.provider for one in mine] == [found.one("pulumi:providers:kubernetes").urn] * len(theirs)
    smallest = len(json.dumps({**mine[0].inputs, "data": {"text": ""}}, separators=(",", ":")))
    assert all(
        got == want or want < smallest + 2
        for got, want in zip(map(floor.size, mine), map(floor.size, theirs), strict=True)
    )


@pytest.mark.parametrize(
    ("needs", "seconds", "workers", "expected"),
    [
        (DIAMOND, {"top": 1, "left": 2, "right": 5, "bottom": 1}, 2, 7),
        (DIAMOND, {"top": 1, "left": 2, "right": 5, "bottom": 1}, 1, 9),
        (LONG_LAST, {"a": 3, "b": 3, "c": 3, "long": 7}, 2, 10),
        (LONG_LAST, {"a": 3, "b": 3, "c": 3, "long": 7}, 4, 7),
        ({}, {}, 3, 0),
    ],
    ids=["the longer side counts", "one by one", "first come, first served", "all at once", "nothing"],
)
def test_a_bring_up_takes_as_long_as_by_hand(
    needs: Mapping[str, Sequence[str]], seconds: Mapping[str, float], workers: int, expected: float
) -> None:
    assert makespan.makespan(needs, seconds, workers) == expected
    assert makespan.critical(needs, seconds) <= expected, "which nothing can be faster than"


def test_what_waits_for_itself_is_no_bring_up() -> None:
    with pytest.raises(ValueError, match="2 resources wait for each other"):
        makespan.makespan({"a": ["b"], "b": ["a"], "c": []}, {"a": 1, "b": 1, "c": 1}, 4)


def test_phases_begin_with_the_interval_after_the_one_before() -> None:
    needs = {"cluster": [], "one": ["cluster"], "beside": ["cluster"], "two": ["one"], "three": ["two"]}
    seconds = {"cluster": 50, "one": 10, "beside": 70, "two": 100, "three": 5}
    stages = {"cluster": 0, "one": 1, "beside": 1, "two": 2, "three": 3}
    # 50 + 70 = 120: 70 s after the cluster; the next interval of 60 s begins at 170 and ends at 270; the next at 290.
    assert makespan.in_stages(needs, seconds, stages, 60) == 295
    assert makespan.in_stages(needs, seconds, stages, 1) == 50 + 70 + 100 + 5, "and what is beside delays what follows"
    assert makespan.critical(needs, seconds) == 165


def test_what_is_in_no_phase_of_the_four_comes_as_early_as_it_can(program: Recording) -> None:
    resources = states(program)
    needs = makespan.graph_of(resources)
    stages = makespan.stages_of(resources, needs)
    assert all(stages[need] <= stages[urn] for urn, before in needs.items() for need in before)
    of = {one.name: stages[one.urn] for one in program.resources}
    named = (
        "cilium-release",
        "vault-release",
        "dns-server",
        "authentik-release",
        "login-vault-blueprint-row",
        "gitea-login",
    )
    assert [of[name] for name in named] == [0, 1, 1, 2, 3, 4]


def test_each_latency_is_that_of_something_in_the_program(program: Recording) -> None:
    resources = states(program)
    took = {makespan.latency(one) for one in resources}
    assert took == {0, *(seconds for seconds, _ in makespan.LATENCIES.values())}
    assert makespan.latency(next(one for one in resources if one["name"] == "authentik-release")) == 240
    assert not any(makespan.latency(one) for one in resources if not one["custom"])


def test_growth_is_what_a_further_unit_adds() -> None:
    def points(*rows: tuple[float, int, float]) -> list[Point]:
        return [Point(seconds=seconds, resources=count, bytes=0, memory=memory) for seconds, count, memory in rows]

    found = growth.growth(
        (0, 50, 100), points((1, 10, 100), (2, 210, 105), (4, 410, 120)), points((1, 1, 80), (0, 0, 0), (2, 1, 90))
    )
    assert (found.resources, found.milliseconds, round(found.kibibytes, 1)) == (4, 30, 204.8)
    assert (found.time, found.memory, found.bend) == (3, 2, 2)


def cost(engine: float, program: float, providers: float, official: float = 0) -> Cost:
    return Cost(engine=engine, program=program, providers=providers, wall=1, memory=100, official=official)


def test_an_official_provider_counts_where_a_simulated_one_does_not() -> None:
    found = operations.Measurement(pairs={"no-change up": [Pair(cost(1, 1, 5, 2), cost(1, 1, 0, 4))]})
    told = results.official(found, (1, 2))
    assert (told["operations"]["no-change up"]["cpu"], told["operations"]["no-change up"]["official"]) == (1.5, 2)
    assert [one["held"] for one in told["goals"]] == [False]
    assert "product: official provider" in official_page(told)


def test_a_ratio_is_the_median_of_pairs_and_leaves_the_lab_out() -> None:
    pairs = [Pair(cost(1, 1, 0), cost(2, own - 2, 9)) for own in (3, 4, 20)]
    found = operations.Measurement(pairs=dict.fromkeys(operations.OPERATIONS, pairs), bytes={"inputs": 5})
    grown = {"nodes": growth.Growth(resources=4, milliseconds=1, kibibytes=1, time=1, memory=1, bend=1.3)}
    told = results.document(found, (1, 2), grown, BRING_UP)
    assert told["operations"]["preview"]["cpu"] == 2, "of 1.5, 2 and 10"
    assert told["operations"]["preview"]["cpuWithImports"] == 2
    missed = {one["name"] for one in told["goals"] if not one["held"]}
    assert missed == {*(f"{name}, CPU ÷ floor" for name in operations.OPERATIONS), "nodes: second half ÷ first half"}
    assert page(told).count("**missed**") == len(missed)


BRING_UP = {
    "criticalSeconds": 100,
    "oneByOneSeconds": 300,
    "secondsByCpus": {"2": 101},
    "overCritical": {"2": 1.01},
    "overCriticalWorstOfTables": 1.02,
    "overPhasesAtIntervals": 0.6,
    "overPhasesAtRetries": 0.9,
}
