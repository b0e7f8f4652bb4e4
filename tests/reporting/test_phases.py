"""A phase is ready, failed, blocked or progressing, as its resources say."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from reporting import progress
from reporting.document import told
from reporting.phases import Phases

STACK = "urn:pulumi:dev::p::"
PHASE = "home-cluster:phase:Phase"


def urn(phase: str, name: str = "") -> str:
    return f"{STACK}{PHASE}$some:index:Thing::{phase}-{name}" if name else f"{STACK}{PHASE}::{phase}"


def event(kind: str, phase: str, name: str = "", op: str = "create", **more: Any) -> dict[str, Any]:
    parent = urn(phase) if name else f"{STACK}pulumi:pulumi:Stack::p-dev"
    shape = {"urn": urn(phase, name), "type": "some:index:Thing" if name else PHASE, "parent": parent, "op": op}
    return {"event": kind, "time": 1_700_000_000, "initErrors": [], "diffs": [], **shape, **more}


def follow(*events: dict[str, Any], expected: dict[str, int] | None = None) -> Phases:
    phases = Phases(expected)
    for item in events:
        phases.see(item)
    return phases


def statuses(phases: Phases) -> dict[str, str]:
    return {phase.name: phase.status.value for phase in phases.ordered()}


def test_a_phase_is_ready_when_all_that_was_planned_is_done() -> None:
    events = [event("done", "cluster", "a")]
    assert statuses(follow(*events, expected={"cluster": 2})) == {"cluster": "progressing"}, "one of two"
    events.append(event("done", "cluster", "b"))
    assert statuses(follow(*events, expected={"cluster": 2})) == {"cluster": "ready"}, "both"


def test_without_a_plan_only_the_end_makes_a_phase_ready() -> None:
    phases = follow(event("done", "cluster", "a"))
    assert statuses(phases) == {"cluster": "progressing"}, "more may turn up"
    phases.end()
    assert statuses(phases) == {"cluster": "ready"}, "nothing more did"


def test_a_phase_that_is_taken_away_is_no_phase_any_more() -> None:
    phases = follow(
        event("done", "cluster", "a", "same"),
        event("start", "phase3-integration", "", "delete"),
        event("start", "phase3-integration", "login", "delete"),
        event("done", "phase3-integration", "login", "delete"),
    )
    phases.end()
    assert statuses(phases) == {"cluster": "ready"}, "what leaves is not held back by anything"


def test_a_failed_resource_fails_its_phase_and_blocks_those_that_could_not_finish() -> None:
    phases = follow(
        event("failed", "cluster", "a"),
        {
            "event": "message",
            "severity": "error",
            "urn": urn("cluster", "a"),
            "text": "3 errors occurred:\n\t* x\n\t* y\n\t* [BackoffLimitExceeded] Job has reached the limit",
        },
        expected={"cluster": 1, "phase1-infrastructure": 3, "gitops": 0},
    )
    phases.end()
    found = statuses(phases)
    assert found["cluster"] == "failed", "it holds the failed resource"
    assert found["phase1-infrastructure"] == "blocked", "nothing in it failed, and it is not done"
    assert phases.ordered()[0].message == "cluster-a: y", "the last of several causes is the root"
    assert phases.ordered()[1].message == "waits for cluster-a of cluster", "by whom"


def test_a_phase_that_waits_for_nothing_that_failed_is_not_reached() -> None:
    phases = follow(event("failed", "cluster", "a"), expected={"cluster": 1, "gitops": 1, "phase1-infrastructure": 1})
    phases.end({"phase1-infrastructure": [urn("cluster", "a")]})
    expected = {"cluster": "failed", "phase1-infrastructure": "blocked", "gitops": "not reached"}
    assert statuses(phases) == expected, "as the plan knows who waits for whom"


def test_a_resource_that_exists_and_did_not_initialise_fails_its_phase() -> None:
    phases = follow(event("done", "cluster", "a", initErrors=["not ready"]))
    assert statuses(phases) == {"cluster": "failed"}, "it is in the state, and it is not ready"


def test_deletions_do_not_count() -> None:
    phases = follow(event("done", "cluster", "a"), event("done", "cluster", "old", op="delete"))
    assert phases.counts() == {"cluster": 1}, "what goes is not part of the phase"


def test_phases_come_in_the_order_of_the_design() -> None:
    names = ["gitops", "chain-data", "phase2-identity", "cluster"]
    phases = follow(*(event("done", name, "a") for name in names))
    expected = ["cluster", "phase2-identity", "gitops", "chain-data"]
    assert [phase.name for phase in phases.ordered()] == expected, "chains of a stack come last"


def test_the_report_says_when_a_phase_began_and_ended() -> None:
    report = follow(event("done", "cluster", "a")).ordered()[0].report()
    assert report["started"] == "2023-11-14T22:13:20Z", "in universal time"
    assert set(report) == {"name", "status", "done", "resources", "started", "finished"}, "what the contract names"


def test_what_is_held_back_has_no_end() -> None:
    phases = follow(event("failed", "cluster", "a"), event("done", "gitops", "a"), expected={"cluster": 1, "gitops": 2})
    phases.end()
    failed, held = (phase.report() for phase in phases.ordered())
    assert failed["finished"] == "2023-11-14T22:13:20Z", "a failure is an end"
    assert (held["started"], held["finished"]) == ("2023-11-14T22:13:20Z", None), "it has begun and goes on next time"
    assert held["blockedBy"] == ["cluster-a of cluster"], "for a program to read"


def test_the_changes_are_those_of_the_resources_that_the_phases_count() -> None:
    phases = follow(
        event("done", "cluster"),
        event("done", "cluster", "a"),
        event("start", "cluster", "b", "create-replacement"),
        event("done", "cluster", "b", "create-replacement"),
        event("done", "cluster", "b", "delete-replaced"),
        event("done", "cluster", "c", "same"),
    )
    assert phases.changes() == {"create": 1, "replace": 1, "same": 1}, "each once, the phase itself not"
    assert sum(phases.changes().values()) == progress.total(phases), "one total"


def test_progress_is_told_in_plain_lines_where_there_is_no_terminal() -> None:
    console = Console(file=io.StringIO(), width=200)
    phases = Phases({"cluster": 1})
    with progress.follow(phases, console) as listener:
        listener(event("start", "cluster", "a"))
        listener(event("done", "cluster", "a"))
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    lines = console.file.getvalue().splitlines()
    assert lines == ["phase cluster progressing 0/1", "phase cluster ready 1/1"], "one line for each change"


def test_progress_is_a_live_table_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    phases = Phases({"cluster": 1})
    with progress.follow(phases, console) as listener:
        listener(event("start", "cluster", "a"))
        listener(event("done", "cluster", "a"))
    console.print(progress.table(phases))
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    assert "1/1" in console.file.getvalue(), "the table shows how many are done"


def test_the_table_fits_a_terminal_and_tells_work_from_what_stays_as_it_is() -> None:
    planned = follow(*(event("done", "phase1-infrastructure", name, "same") for name in "abc"))
    for item in (event("done", "phase1-infrastructure", "d", "update"), event("done", "gitops", "e")):
        planned.see(item)
    phases = Phases.after(planned)
    phases.see(event("done", "phase1-infrastructure", "a", "same"))
    phases.see(event("start", "phase1-infrastructure", "d", "update"))
    console = Console(file=io.StringIO(), width=80)
    usual = {"phase1-infrastructure": {"seconds": 100, "changed": 1}, "gitops": {"seconds": 9, "changed": 4}}
    console.print(progress.table(phases, usual, now=event("start", "")["time"] + 75))
    phases.see(event("failed", "phase1-infrastructure", "d", "update", initErrors=["the provider says " + "why " * 30]))
    phases.end()
    console.print(progress.table(phases, usual))
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    rows = [line.split() for line in console.file.getvalue().splitlines()]
    assert ["phase1-infrastructure", "progressing", "1/4", "0/1", "1:15", "of", "1:40"] in rows, "one was to change"
    assert ["gitops", "waiting", "0/1", "0/1"] in rows, "nothing was done, and last time there was more to do"
    assert ["phase1-infrastructure", "failed", "1/4", "0/1", "0:00"] in rows, "what it took, once it is over"
    assert ["phase1-infrastructure:", "phase1-infrastructure-d:", "the", "provider"] in [row[:4] for row in rows], "why"


def test_a_phase_takes_as_long_in_the_report_as_on_the_terminal() -> None:
    early = {"type": "kubernetes:core/v1:Namespace"}
    steps = [("namespace", 0, 1, early), ("a", 60, 90, {}), ("b", 70, 100, {})]
    phases = follow(event("done", "gitops"))
    for kind, moment in (("start", 1), ("done", 2)):
        for step in steps:
            phases.see(event(kind, "gitops", step[0], time=step[moment], **step[3]))
    phases.end()
    (found,) = told(phases, {}, {}, {})["phases"]
    assert (found["seconds"], found["changed"]) == (40, 3), "from the first that waited for the gates before it"
    assert phases.ordered()[0].seconds(0) == found["seconds"], "one number wherever it stands"


def test_the_live_line_names_what_a_provider_does_and_nothing_else() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    with progress.follow(Phases({"cluster": 4}), console) as listener:
        listener(event("start", "cluster"))
        listener(event("start", "cluster", "part", type="home-cluster:flux/bootstrap:Flux"))
        listener(event("start", "cluster", "provider", type="pulumi:providers:vault"))
        listener(event("start", "cluster", "kept", "same"))
        listener(event("start", "cluster", "made"))
    drawn = console.file.getvalue()
    assert "cluster-made" in drawn, "it is being made"
    for name in ("cluster-part", "cluster-provider", "cluster-kept"):
        assert name not in drawn, "nobody works on it"


@pytest.mark.parametrize(
    "waits",
    [lambda console: progress.waiting(console, "previewing"), lambda console: progress.follow(Phases(), console)],
    ids=["preview", "update"],
)
def test_a_terminal_shows_that_time_passes_while_nothing_happens(waits: Callable[[Console], Any]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    assert isinstance(console.file, io.StringIO), "the console writes into memory"
    with waits(console):
        until("0:00", console.file)
        until("0:01", console.file)


def until(text: str, file: io.StringIO) -> None:
    """Wait for a text; the live view is drawn by a thread of its own."""
    for _ in range(600):
        if text in file.getvalue():
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} was never shown")


def test_a_phase_of_which_only_components_turned_up_is_not_reached() -> None:
    phases = follow(event("done", "joint"), event("done", "joint", "login", type="home-cluster:vault/oidc:VaultOidc"))
    phases.end()
    assert statuses(phases) == {"joint": "not reached"}, "a component is declared at once, whatever it waits for"


def test_a_phase_has_not_begun_while_only_its_components_are_registered() -> None:
    component = event("done", "gitops", "flux", type="home-cluster:flux/bootstrap:Flux")
    phases = follow(component, expected={"gitops": 2})
    assert statuses(phases) == {"gitops": "waiting"}, "components are registered before the gates open"
    phases.see(event("start", "gitops", "namespace"))
    assert statuses(phases) == {"gitops": "progressing"}, "the first resource of a provider begins it"
