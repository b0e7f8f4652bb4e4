"""`make drift`: silent on a platform that nobody touched, and the reader of what somebody changed behind its back."""

from pathlib import Path
from typing import Any

import pytest

from lab.checkout import Stack
from lab.providers.kubernetes.cluster import OBJECTS, object_key
from reporting.drift import Drift
from tests.engine.platform import Outcome, copy_of, driver, world_of
from tools.drift import code, summary

pytestmark = pytest.mark.engine

CONTROLLER = "kube-controller-manager"
SCALED, HELD, GONE = (
    object_key("apps", "Deployment", "kube-system", "coredns"),
    object_key("apps", "Deployment", "dns", "powerdns"),
    object_key("networking.k8s.io", "NetworkPolicy", "vault", "ingress"),
)


def written(manager: str, replicas: int) -> Any:
    """A change of a Deployment that its API server would record like this."""

    def change(record: dict[str, Any]) -> None:
        record["spec"]["replicas"] = replicas
        fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
        by = {"manager": manager, "operation": "Update", "time": "2026-11-27T08:00:00Z", "fieldsV1": fields}
        record["metadata"]["managedFields"].append(by)

    return change


def drift_of(stack: Stack) -> Drift:
    found = Drift()
    driver(stack).drift(found.see)
    return found


def larger(record: dict[str, Any]) -> None:
    for side in ("inputs", "outputs"):
        record[side]["memory"]["dedicated"] = 24576


@pytest.mark.failure("world-that-drifted")
def test_what_was_changed_and_deleted_by_hand_is_told_and_nothing_is_touched(platform: Outcome, tmp_path: Path) -> None:
    untouched = drift_of(platform.stack)
    assert (untouched.findings, untouched.unwell, code(untouched)) == ([], {}, 0), "nobody learns to look away"
    assert untouched.looked > 600, "all of them"
    stack = copy_of(platform.stack, tmp_path / "copy")
    with world_of(stack) as world:
        for table, key, change in (
            (OBJECTS, SCALED, written("kubectl-scale", 3)),
            (OBJECTS, HELD, written(CONTROLLER, 5)),
            ("proxmox/vms", "300", larger),
        ):
            record = world.get(table, key)
            assert record is not None, f"there is no {key}"
            change(record)
            world.put(table, key, record)
        world.delete(OBJECTS, GONE)
    before = {path: path.read_bytes() for path in stack.backend.rglob("*.json")}
    drift = drift_of(stack)
    assert {path: path.read_bytes() for path in stack.backend.rglob("*.json")} == before, "the state is as it was"
    assert [(one.phase, one.name, one.what, one.by, one.remedy) for one in drift.ordered()] == [
        ("cluster", "coredns", "changed", ("kubectl-scale",), "is put back"),
        ("cluster", "worker", "changed", ("somebody in Proxmox",), "is put back"),
        ("phase1-infrastructure", "vault-namespace-ingress", "deleted", (), "is made again"),
        ("dns", "dns-server", "changed", (CONTROLLER,), f"is put back, until {CONTROLLER} writes it again"),
    ]
    text = "\n".join(summary("home", drift))
    assert "    spec.replicas  1 -> 3  by kubectl-scale\n" in text, text
    assert (code(drift), drift.counts()) == (1, {"changed": 3, "deleted": 1})
