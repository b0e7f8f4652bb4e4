"""What takes long, and why; no clock runs."""

from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from reporting.events import compact
from reporting.phases import Phases
from reporting.work import Work, clock
from tests.reporting.test_phases import event, urn

LAST_TIME = {"create some:index:Thing cluster-a": 100.0}
BEGUN = event("start", "cluster", "a")["time"]


def working(usual: dict[str, float], seconds: list[float], *said: str) -> Work:
    """One resource that is being made, and what its provider said; `seconds` has the time that passed since."""
    work = Work(usual, lambda: BEGUN + seconds[-1])
    work.see(event("start", "cluster", "a"))
    for text in said:
        work.see({"event": "doing", "urn": urn("cluster", "a"), "text": text})
    return work


@pytest.mark.parametrize(
    ("usual", "seconds", "expected"),
    [
        ({}, 60, []),
        ({}, 61, ["Thing cluster-a takes 1:01: waiting for pods"]),
        (LAST_TIME, 160, []),
        (LAST_TIME, 161, ["Thing cluster-a takes 2:41, last time 1:40: waiting for pods"]),
    ],
    ids=["new-not-yet", "new", "as-the-last-time", "longer-than-the-last-time"],
)
def test_what_takes_longer_than_last_time_is_told_with_what_it_waits_for(
    usual: dict[str, float], seconds: float, expected: list[str]
) -> None:
    assert working(usual, [seconds], "begun", "waiting for pods").slow() == expected, "the last that was said"


def test_a_replacement_is_known_by_one_name() -> None:
    usual = {"replace some:index:Thing cluster-a": 1.0}
    work = Work(usual, lambda: BEGUN + 30)
    work.see(event("start", "cluster", "a", "create-replacement"))
    assert work.slow() == ["Thing cluster-a takes 0:30, last time 0:01"], "whichever of its steps it is"


def test_what_is_done_or_stays_as_it_is_takes_no_time() -> None:
    work = working({}, [500])
    work.see(event("done", "cluster", "a"))
    work.see(event("start", "cluster", "b", "same"))
    assert (work.names(), work.slow()) == ([], []), "nobody works on it"


def test_it_is_told_once_and_then_each_time_it_has_taken_twice_as_long() -> None:
    seconds = [0.0]
    work, told = working({}, seconds), []
    for second in range(0, 500, 10):
        seconds.append(second)
        told += [second for _ in work.news()]
    assert told == [70, 150, 310], "a log must stay readable"


@pytest.mark.parametrize(("seconds", "expected"), [(5.9, "0:05"), (65, "1:05"), (3605, "1:00:05")])
def test_seconds_are_told_as_a_clock_has_them(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected, "minutes and seconds"


def diagnostic(severity: str, *, passing: bool) -> dict[str, Any] | None:
    told = {"urn": urn("cluster", "a"), "message": "<{%fg 1%}>[1/2] Image cannot be pulled<{%reset%}>\n"}
    message = {**told, "severity": severity, "ephemeral": passing, "color": "raw", "prefix": "error: "}
    return compact(EngineEvent.from_json({"sequence": 1, "timestamp": 2, "diagnosticEvent": message}))


def test_what_a_provider_says_in_passing_is_no_failure() -> None:
    # pulumi-kubernetes 4.34, provider/pkg/await/job.go: LogStatus of an error, while it goes on waiting.
    said, lasting = diagnostic("error", passing=True), diagnostic("error", passing=False)
    assert said is not None, "it says what a resource waits for"
    assert said == {"event": "doing", "urn": urn("cluster", "a"), "text": "[1/2] Image cannot be pulled"}, "no colours"
    phases = Phases()
    phases.see(event("done", "cluster"))
    phases.see(event("start", "cluster", "a"))
    phases.see(said)
    assert phases.urns()[1] == set(), "it may still succeed"
    assert lasting is not None, "an error"
    phases.see(lasting)
    assert phases.urns()[1] == {urn("cluster", "a")}, "an error that stays is a failure"
