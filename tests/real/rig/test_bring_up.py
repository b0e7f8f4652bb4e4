"""The unchanged program on a real control plane: what one bring-up shows, in the order in which it happens."""

import pytest

from lab.driver import Result
from tests.engine.platform import statuses
from tests.real.rig.rig import Running


def test_the_first_update_brings_every_phase_up(rig: Running, up: Result) -> None:
    assert up.ok, up.error
    assert set(statuses(up).values()) == {"ready"}, statuses(up)
    assert set(up.changes) == {"create"}, "there was nothing to change or take away"
    assert rig.workloads("dns") == {"powerdns", "external-dns-stand-in"}, (
        "the real API has what it made, and its charts"
    )


@pytest.mark.parametrize(("operation", "what"), [(0, "preview"), (1, "update"), (2, "refresh")])
def test_nothing_changes_where_nobody_changed_anything(again: tuple[Result, ...], operation: int, what: str) -> None:
    result = again[operation]
    assert result.ok, result.error
    steps = [(one["op"], one["urn"]) for one in result.events if one["event"] == "start" and one["op"] != "same"]
    assert not result.changed, f"the {what} finds {steps}"


def test_the_lab_came_to_the_same_as_the_official_provider(rig: Running, again: tuple[Result, ...]) -> None:
    """After all of the above. What is found here is a fault of lab/providers/kubernetes."""
    del again
    assert not rig.differences()
