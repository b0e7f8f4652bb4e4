"""Settings that cannot change, on the real engine: a bare update is refused before anything is touched."""

from pathlib import Path

import pytest

from lib.secret_state import resources
from stack_file.check import defects
from tests.engine.platform import Outcome, copy_of, driver

pytestmark = pytest.mark.engine

CHANGES = {
    "name: engine": "name: renamed",
    "pods: 10.244.0.0/16": "pods: 10.245.0.0/16",
    "disk: 40": "disk: 20",
}


def test_a_rename_another_pod_network_and_a_smaller_disk_are_refused(platform: Outcome, tmp_path: Path) -> None:
    stack = copy_of(platform.stack, tmp_path / "changed")
    file = stack.root / f"Pulumi.{stack.name}.yaml"
    text = file.read_text(encoding="utf-8")
    for before, after in CHANGES.items():
        assert before in text, f"{before} is what the stack file says"
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")
    # Without a preview, which would refuse it already, and without a command of this project, which would before that.
    result = driver(stack).up()
    assert not result.ok, "the engine itself refuses"
    told = "\n".join(result.messages())
    for said in (
        "cluster.name: renamed is not engine, with which it was applied",
        "network.pods: 10.245.0.0/16 is not 10.244.0.0/16, with which it was applied",
        "talos.workers.default.disk: 20 is less than 40, which was applied already",
    ):
        assert said in told, f"by name: {told}"
    assert [urn.rpartition("::")[2] for urn in result.failed()] == ["applied-settings-record"], "nothing else was tried"
    done = {event["op"] for event in result.events if event["event"] == "done"}
    assert done <= {"same", "read"}, f"and nothing was changed: {done}"
    keys = {line.partition(": ")[0] for line in defects(file, stack.state())}
    assert keys == {"cluster.name", "network.pods", "talos.workers.default.disk"}, (
        "`make up` says the same before it starts"
    )

    record = f"urn:pulumi:{stack.name}::home-cluster::home-cluster:applied_settings:AppliedSettings$pulumi:index:Stash"
    (urn,) = [one["urn"] for one in resources(stack.state() or {}) if one["urn"].startswith(record)]
    written = driver(stack).up(target=[urn], replace=[urn])
    assert written.ok, written.error
    assert list(defects(file, stack.state())) == [], "the way out of the runbook: written down anew"
