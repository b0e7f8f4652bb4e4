"""The platform comes up in one go, and a second update has nothing to do."""

from pathlib import Path

import pytest

from tests.engine.platform import Outcome, copy_of, driver, statuses

pytestmark = pytest.mark.engine


def test_the_first_update_brings_every_phase_up(platform: Outcome) -> None:
    assert platform.result.ok, platform.result.error
    assert statuses(platform.result) == {
        "cluster": "ready",
        "phase1-infrastructure": "ready",
        "phase2-identity": "ready",
        "phase3-integration": "ready",
        "phase4-services": "ready",
        "gitops": "ready",
    }, "from nothing, without a second run"
    assert set(platform.result.changes) == {"create"}, "there was nothing to change or take away"


def test_no_secret_is_among_the_outputs_that_anyone_may_read(platform: Outcome) -> None:
    assert set(platform.result.outputs) >= {"urls", "caCertificate"}, "what a person needs to find the services"
    assert not {"kubeconfig", "talosconfig"} & set(platform.result.outputs), "these are secret"


def test_a_second_update_changes_nothing(platform: Outcome, tmp_path: Path) -> None:
    again = driver(copy_of(platform.stack, tmp_path / "again")).up()
    assert again.ok, again.error
    changed = [
        event["urn"] for event in again.events if event["event"] == "start" and event["op"] not in ("same", "read")
    ]
    assert (changed, again.changed) == ([], 0), "a program that is never done hides what a person changed"
