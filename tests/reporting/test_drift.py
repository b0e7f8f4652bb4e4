"""What a refresh would find: who wrote it, in which phase, and what puts it right; never the value of a secret."""

from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from reporting.drift import Drift
from reporting.events import compact

STACK = "urn:pulumi:dev::p::"
PHASE = "home-cluster:phase:Phase"
DEPLOYMENT, VM, RELEASE = (
    "kubernetes:apps/v1:Deployment",
    "proxmoxve:index/vmLegacy:VmLegacy",
    "kubernetes:helm.sh/v3:Release",
)


def step(type_token: str, op: str = "update", *, parent: str = f"{PHASE}::cluster", **more: Any) -> EngineEvent:
    """A step as the engine's stream of JSON has it (apitype.StepEventMetadata of pulumi/pulumi)."""
    kind, _, name = type_token.rpartition("::") if "::" in type_token else (type_token, "", "thing")
    state = {"type": kind, "urn": f"{STACK}{kind}::{name}", "parent": STACK + parent, "provider": ""}
    sides = {
        side: {**state, "inputs": more.get(f"{side}_inputs", {}), "outputs": more.get("live", {}), "initErrors": []}
        for side in ("old", "new")
    }
    sides["new"]["initErrors"] = more.get("unwell", [])
    if op == "delete":
        del sides["new"]
    diff = {path: {"diffKind": kind, "inputDiff": False} for path, kind in more.get("diff", {}).items()}
    metadata = {"op": op, "urn": state["urn"], "type": kind, "provider": "", "detailedDiff": diff, **sides}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "resOutputsEvent": {"metadata": metadata}})


def drift(*events: EngineEvent) -> Drift:
    found = Drift()
    for event in events:
        told = compact(event)
        assert told is not None, "a step is told"
        found.see(told)
    return found


def managed(*entries: tuple[str, str, dict[str, Any]], **live: Any) -> dict[str, Any]:
    fields = [{"manager": manager, "time": time, "fieldsV1": fields} for manager, time, fields in entries]
    return {**live, "metadata": {"managedFields": fields}}


CONTAINER: dict[str, Any] = {"f:spec": {"f:containers": {'k:{"name":"b"}': {".": {}, "f:image": {}}}}}
CONTAINERS: dict[str, Any] = {"containers": [{"name": "a"}, {"name": "b", "image": "x"}]}


@pytest.mark.parametrize(
    ("path", "live", "by", "remedy"),
    [
        (
            "spec.replicas",
            managed(("kubectl-edit", "1", {"f:spec": {"f:replicas": {}}})),
            ("kubectl-edit",),
            "is put back",
        ),
        (
            "spec.replicas",
            managed(("hpa", "2", {"f:spec": {"f:replicas": {}}}), ("k9s", "1", {"f:spec": {"f:replicas": {}}})),
            ("hpa",),
            "is put back, until hpa writes it again",
        ),
        ("spec.replicas", managed(("pulumi-kubernetes-1a2b", "2", {"f:spec": {"f:replicas": {}}})), (), "is put back"),
        ("spec.replicas", managed(("kubectl", "1", {"f:spec": {"f:paused": {}}})), (), "is put back"),
        (
            "spec.containers[1].image",
            managed(("kubectl", "1", CONTAINER), spec=CONTAINERS),
            ("kubectl",),
            "is put back",
        ),
        ("spec.containers[0].image", managed(("kubectl", "1", CONTAINER), spec=CONTAINERS), (), "is put back"),
        ('data["a.b"]', managed(("kubectl", "1", {"f:data": {"f:a.b": {}}})), ("kubectl",), "is put back"),
        ("data.key.below", managed(("kubectl", "1", {"f:data": {"f:key": {}}})), ("kubectl",), "is put back"),
    ],
    ids=["person", "last one", "ours", "another field", "item", "another item", "quoted", "atomic"],
)
def test_who_wrote_a_field_is_who_the_object_names(path: str, live: Any, by: tuple[str, ...], remedy: str) -> None:
    (found,) = drift(step(DEPLOYMENT, live=live, diff={path: "update"})).findings
    assert (found.by, found.remedy) == (by, remedy)


def test_what_up_does_about_it_is_told_for_each_kind_of_difference() -> None:
    found = drift(
        step(f"{PHASE}::cluster", "same", parent="pulumi:pulumi:Stack::p-dev"),
        step(f"{VM}::replaced", diff={"cpu.type": "update-replace"}),
        step(f"{VM}::gone", "delete"),
        step(f"{RELEASE}::gone-release", "delete"),
        step(f"{DEPLOYMENT}::read"),
    )
    remedies = {one.name: (one.repairable, one.remedy) for one in found.ordered()}
    assert remedies == {
        "replaced": (True, "is put back by replacing it"),
        "gone": (True, "is made again, without the data that was in it"),
        "gone-release": (True, "is made again"),
        "read": (False, "stays: only what it reports of itself differs, and the program asks for none of it"),
    }
    assert {one.phase for one in found.findings} == {"cluster"}
    assert found.counts() == {"changed": 2, "deleted": 2}


def test_values_are_told_where_they_cannot_be_secrets() -> None:
    diff = {"spec.replicas": "update", "data.password": "update", "spec.paused": "add"}
    old = {"spec": {"replicas": 1}, "data": {"password": "[secret]"}}
    new = {"spec": {"replicas": 3, "paused": True}, "data": {"password": "hunter2"}}
    (found,) = drift(step(DEPLOYMENT, diff=diff, old_inputs=old, new_inputs=new)).findings
    assert [dict(one) for one in found.differences] == [
        {"path": "data.password", "replaces": False},
        {"path": "spec.paused", "replaces": False, "new": True},
        {"path": "spec.replicas", "replaces": False, "old": 1, "new": 3},
    ]
    assert "hunter2" not in str(found.document()), "whatever somebody put there"


def test_what_is_not_well_is_no_drift() -> None:
    found = drift(step(DEPLOYMENT, "same", unwell=["first", "1 of 2 pods are ready"]))
    assert (found.findings, found.unwell) == ([], {"thing": "1 of 2 pods are ready"})
