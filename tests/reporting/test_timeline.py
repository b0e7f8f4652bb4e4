"""When resources were worked on, and which of them determined the end."""

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reporting.timeline import Timeline, read
from tests.support.operation import events, resource

STACK = "urn:pulumi:dev::p::a:b:Thing::"


def timeline(spans: Mapping[str, tuple[float, float | None]], *needs: str, **more: Mapping[str, Any]) -> Timeline:
    """Of resources with their spans; `a>b` says that b needs a, and `more` is what else the events of one say."""
    told = [
        event for name, span in spans.items() for event in events(resource(STACK + name), *span, **more.get(name, {}))
    ]
    pairs = [one.split(">") for one in needs]
    return read(told, {STACK + name: [STACK + a for a, b in pairs if b == name] for name in spans})


def names(steps: Iterable[Any]) -> list[str]:
    return [one.urn.removeprefix(STACK) for one in steps]


def test_the_path_goes_back_to_whatever_each_one_waited_for_longest() -> None:
    spans = {"vm": (100, 110), "image": (100, 130), "boot": (131, 140), "aside": (100, 139)}
    found = timeline(spans, "vm>boot", "image>boot")
    assert names(found.path) == ["image", "boot"], "not the first need, nor the longest of all"
    assert [(one.started, one.finished) for one in found.path] == [(0, 30), (31, 40)], "seconds of the operation"
    assert found.seconds == 40, "until the last one"


def test_of_what_ended_in_the_same_second_the_longer_one_was_waited_for() -> None:
    assert names(timeline({"z": (29, 30), "a": (0, 30), "b": (30, 40)}, "z>b", "a>b").path) == ["a", "b"]


def test_what_stays_as_it_is_is_passed_over_and_what_goes_comes_after_all() -> None:
    spans = {"vm": (0, 10), "kept": (10, 10), "app": (11, 20), "old": (20, 50), "cut": (12, None)}
    found = timeline(spans, "vm>kept", "kept>app", kept={"op": "same"}, old={"op": "delete"})
    assert names(found.path) == ["vm", "app"], "nobody can make the one faster, and nobody waits for the other"
    assert {one.urn[-3:]: one.finished for one in found.steps}["cut"] is None, "nobody knows how long it would take"


def test_a_replacement_is_one_step_and_what_it_began_with_is_no_failure_of_it() -> None:
    one, errors = resource(f"{STACK}job"), {"initErrors": ["the old one failed"]}
    told = [
        *events(one, 0, 20, op="create-replacement", simulated=15),
        *events(one, 20, 20, op="replace", simulated=0),
        *events(one, 21, 22, op="delete-replaced", simulated=1, **errors),
    ]
    made, gone = read(told).steps
    assert (made.op, made.started, made.finished, made.failed) == ("replace", 0, 20, False)
    assert (gone.op, gone.started, gone.finished, gone.failed) == ("delete-replaced", 21, 22, False), "went well"
    assert [one.seconds for one in read(told, {one["urn"]: []}).steps] == [15, 1], "in the lab as well"


@st.composite
def works(draw: st.DrawFn) -> tuple[list[tuple[str, float]], list[str]]:
    sizes = draw(st.lists(st.integers(1, 90), min_size=1, max_size=12))
    pairs = [f"n{a}>n{b}" for b in range(len(sizes)) for a in range(b)]
    return [(f"n{number}", float(size)) for number, size in enumerate(sizes)], [
        pair for pair in pairs if draw(st.booleans())
    ]


@given(works())
def test_in_the_lab_the_path_has_no_gap_and_is_as_long_as_the_whole(
    work: tuple[list[tuple[str, float]], list[str]],
) -> None:
    """Whatever happened to begin first in real time."""
    sizes, needs = work
    took = {name: {"simulated": size} for name, size in sizes}
    found = timeline({name: (7.0, 7.0) for name, _ in reversed(sizes)}, *needs, **took)
    assert found.simulated, "these are not real seconds"
    assert sum(one.seconds for one in found.path) == found.seconds == found.path[-1].finished
    ends = {one.urn.removeprefix(STACK): one for one in found.steps}
    for name, size in sizes:
        before = [ends[pair.split(">")[0]].finished or 0 for pair in needs if pair.endswith(f">{name}")]
        assert ends[name].started == max(before, default=0), "it begins once what it needs is finished"
        assert ends[name].seconds == size, "and takes its time"
