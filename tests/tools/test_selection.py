"""What `PHASE=` and `SERVICE=` take in of a plan, and where a part must not be brought up by itself."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.engine import Recorded
from tests.support.program import record_program
from tools.selection.command import chosen, named, told
from tools.selection.parts import Part, SelectionError, phases
from tools.selection.planned import Step, Steps, read
from tools.selection.select import Selection, select
from tools.selection.unsafe import reasons

UPDATE = record_program(preview=False)
SERVICES = ("gitea", "harbor", "matrix")
RECORD = "applied-settings-record"
GITEA, HARBOR = Part(service="gitea"), Part(service="harbor")


def _step(one: Recorded) -> Step:
    provider = one.provider.rpartition("::")[0]
    needs = {*one.dependencies, *(urn for urn in (one.parent, provider) if urn)}
    return Step(urn=one.urn, type=one.type, operation="same", parent=one.parent, needs=frozenset(needs))


STEPS = {one.urn: _step(one) for one in UPDATE.resources}
COMPONENTS = {one.urn for one in UPDATE.resources if not one.custom}


def urn(name: str) -> str:
    """That of a resource, or of a component where no resource has the name."""
    found = [one for one, step in STEPS.items() if step.name == name]
    return next((one for one in found if one not in COMPONENTS), *found[:1])


def plan(operations: Mapping[str, str], record: Mapping[str, str] | None = None) -> Steps:
    """The recorded program, with what happens to resources by name, and the new record of settings."""
    steps = dict(STEPS)
    for name, operation in operations.items():
        steps[urn(name)] = replace(steps[urn(name)], operation=operation)
    if record is not None:
        steps[urn(RECORD)] = replace(steps[urn(RECORD)], operation="update", inputs={"input": dict(record)})
    return steps


def part_of(part: Part, operations: Mapping[str, str], record: Mapping[str, str] | None = None) -> Selection:
    """The part of such a plan, where nothing was recorded before."""
    return select(part, plan(operations, record), SERVICES, {})


def names(selection: Selection) -> set[str]:
    return {selection.steps[one].name for one in selection.changing}


BOTH = {"gitea-release": "update", "gitea-login": "replace", "harbor-release": "update", "harbor-content": "replace"}


def test_a_service_takes_in_itself_and_what_it_needs_and_no_sibling() -> None:
    found = part_of(GITEA, {**BOTH, "login-gitea-blueprint-file": "update", "cert-manager-release": "update"})
    assert names(found) == {"gitea-release", "gitea-login", "login-gitea-blueprint-file", "cert-manager-release"}
    assert reasons(found) == [], "what is left owes it nothing"
    assert not {one for one in found.chosen if "::harbor" in one or "harbor/" in one}, "nor is a sibling looked at"
    assert list(told(found)) == [
        "SERVICE=gitea brings about 1 replace, 3 update (1 in cluster, 2 in gitea, 1 in phase2-identity)",
        "left as it is until everything is brought up: 1 replace, 1 update (2 in harbor)",
    ]


@pytest.mark.parametrize("name", phases(STEPS))
def test_a_phase_takes_in_all_of_itself_and_of_no_phase_behind_it(name: str) -> None:
    everything = {step.name: "update" for one, step in STEPS.items() if one not in COMPONENTS and step.name != RECORD}
    found = part_of(Part(phase=name), everything)
    own = {one for one in found.members if one not in COMPONENTS}
    assert own <= found.targets
    behind = [one.urn for one in UPDATE.custom if own & UPDATE.waits_for(one) and one.urn not in own]
    assert not found.targets.intersection(behind) - _needed(own), "what waits for it is another part"


def _needed(own: set[str]) -> set[str]:
    return {urn for one in UPDATE.custom if one.urn in own for urn in UPDATE.waits_for(one)}


def test_what_works_with_a_change_is_a_target_too_and_nothing_else() -> None:
    found = part_of(GITEA, {"gitea-release": "update"})
    assert urn("gitea-login") in found.targets, "a value that only the update tells may change it"
    assert urn("postgres-cluster") in found.chosen - found.targets, "the engine need not look at what cannot change"
    behind_its_gate = part_of(GITEA, {"authentik-release": "update"}).targets
    assert urn("login-gitea-blueprint-apply") in behind_its_gate, "a gate is passed with what it opens"
    assert part_of(GITEA, {"reflector-release": "update"}).targets == {urn("reflector-release")}, "a phase is not"


def test_the_cron_job_beside_a_job_goes_with_it() -> None:
    changed = {"login-gitea-blueprint-row": "update", "login-gitea-blueprint-apply-again": "update"}
    assert names(part_of(GITEA, changed)) == set(changed), "it would put the old text back"


def test_dependents_are_taken_in_where_that_is_wanted() -> None:
    changed = {"postgres-cluster": "update", "gitea-release": "update", "harbor-release": "update"}
    alone, more = (part_of(Part(phase="phase1-infrastructure", dependents=wanted), changed) for wanted in (False, True))
    assert (names(alone), names(more)) == ({"postgres-cluster"}, set(changed))


UNSAFE: Mapping[str, tuple[Part, Mapping[str, str], Mapping[str, str] | None, str]] = {
    "a needed phase was never reached": (
        GITEA,
        {"phase3-integration-gates": "create", "gitea-release": "create"},
        None,
        "phase3-integration, which it needs, was never reached: bring that up first, PHASE=phase3-integration",
    ),
    "a provider outside it changes": (
        Part(phase="phase1-infrastructure"),
        {"authentik-provider": "update", "vault-release": "update"},
        None,
        "the provider authentik-provider changes outside it, and the engine would do that in every update",
    ),
    "a rotation has a reader outside it": (
        Part(phase="phase1-infrastructure"),
        {"gitea-admin-password": "replace", "gitea-admin-kv": "update", "gitea-admin": "update"},
        None,
        "gitea-admin-kv would change, and gitea-admin, which takes that up, would not: DEPENDENTS=yes takes that in",
    ),
    "what others work with would be replaced": (
        GITEA,
        {"postgres-cluster": "replace", "gitea-release": "update"},
        None,
        "postgres-cluster, which it needs, would be replaced, and ",
    ),
    "what depends on a target goes": (
        GITEA,
        {"vault-release": "update", "harbor-release": "delete"},
        None,
        "harbor-release would have to be deleted with it, and is no part of it",
    ),
    "settings of two parts would be recorded": (
        GITEA,
        BOTH,
        {"gitea.size": "20Gi", "harbor.registrySize": "40Gi"},
        "harbor.registrySize would be recorded as applied together with gitea.size, before it is",
    ),
    "a setting of everything would be recorded": (
        GITEA,
        BOTH,
        {"gitea.size": "20Gi", "storage.reclaimPolicy": "Delete"},
        "storage.reclaimPolicy would be recorded as applied together with gitea.size, before it is",
    ),
    "the outputs would tell of a rotation": (
        GITEA,
        {**BOTH, "harbor-admin-password": "replace"},
        {"rotation.generations.harbor/admin": "2"},
        "rotation.generations.harbor/admin would be recorded as applied, before it is",
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_it_is_refused_where(case: str) -> None:
    part, operations, record, said = UNSAFE[case]
    (reason,) = reasons(part_of(part, operations, record))
    assert reason.startswith(said), "by name, with the way out"


SAFE: Mapping[str, tuple[Part, Mapping[str, str], Mapping[str, str] | None]] = {
    "a phase that stands is continued": (GITEA, {"gitea-release": "create"}, None),
    "all readers of a rotation are in it": (
        GITEA,
        {"gitea-admin-password": "replace", "gitea-admin-kv": "update", "gitea-admin": "update"},
        {"rotation.generations.gitea/admin": "2"},
    ),
    "the secret of its login is rotated": (
        GITEA,
        {"oidc-gitea-client-secret": "replace", "oidc-gitea-kv": "update"},
        {"rotation.generations.oidc/gitea": "2"},
    ),
    "a Job is asked anew": (GITEA, {"authentik-api": "replace", "gitea-release": "update"}, None),
    "a Job outside proves it later": (
        GITEA,
        {"proxmox-csi-release": "update", "harbor-login": "replace"},
        None,
    ),
    "its own things are replaced": (HARBOR, {"harbor-release": "replace"}, None),
    "what goes owes it nothing": (GITEA, {"gitea-release": "update", "harbor-release": "delete"}, None),
}


def test_what_a_replacement_left_in_the_state_goes_with_what_it_depends_on() -> None:
    steps = {**plan({"vault-release": "update"})}
    steps[urn("harbor-release")] = replace(steps[urn("harbor-release")], doomed=True)
    (reason,) = reasons(select(GITEA, steps, SERVICES, {}))
    assert reason.startswith("harbor-release would have to be deleted with it"), "or the engine fails at its end"


@pytest.mark.parametrize("case", SAFE)
def test_it_is_safe_where(case: str) -> None:
    assert reasons(part_of(*SAFE[case])) == []


@pytest.mark.parametrize(
    ("record", "written"),
    [({"harbor.registrySize": "40Gi"}, False), ({"gitea.size": "20Gi"}, True), ({"matrix.mediaSize": "1Gi"}, True)],
)
def test_the_record_is_written_when_all_of_it_is_applied(record: Mapping[str, str], written: bool) -> None:
    found = part_of(GITEA, BOTH, record)
    assert (urn(RECORD) in found.targets, reasons(found)) == (written, [])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("up", {"PHASE": "phase9"}, ""), "PHASE: phase9 is no phase in this stack; here are cluster, "),
        (
            ("up", {"SERVICE": "gitae"}, ""),
            "SERVICE: gitae is no service that is switched on in this stack; here are gitea, ",
        ),
        (("up", {"CHAIN": "data"}, ""), "PHASE: chain-data is no phase in this stack; here are cluster, "),
        (("up", {"SERVICE": "matrix"}, ""), "SERVICE: matrix is no service that is switched on"),
        (
            ("up", {"PHASE": "cluster", "SERVICE": "gitea"}, ""),
            "PHASE=cluster and SERVICE=gitea are two parts; say one of them",
        ),
        (
            ("destroy", {"SERVICE": "gitea"}, ""),
            "SERVICE: gitea is no part for destroy, which takes none; preview and up do",
        ),
        (("up", {"PHASE": ""}, "yes"), "DEPENDENTS: yes belongs to a part; say PHASE=, CHAIN= or SERVICE="),
        (("up", {"SERVICE": "gitea"}, "true"), "DEPENDENTS: true is neither yes nor no; say yes, or leave it out"),
    ],
)
def test_what_is_no_part_is_refused_with_those_that_are(given: tuple[str, Mapping[str, str], str], said: str) -> None:
    with pytest.raises(SelectionError) as refused:
        select(named(*given) or GITEA, STEPS, ("gitea", "harbor"), {})
    assert str(refused.value).startswith(said)


def test_a_plan_is_read_with_what_only_the_state_has(tmp_path: Path) -> None:
    """As `pulumi preview --save-plan` of 3.250 writes it."""
    phase, gone = urn("phase4-services"), f"{urn('gitea-release')}-old"
    keys, release = "urn:pulumi:test-cluster::home-cluster::kubernetes:core/v1:Secret::keys", urn("gitea-release")
    goal = {
        "type": "kubernetes:helm.sh/v3:Release",
        "parent": phase,
        "provider": f"{urn('kubernetes')}::one",
        "dependencies": [keys],
        "deletedWith": urn("vault-release"),
        "replaceWith": [urn("harbor-release")],
        "propertyDependencies": {"values": [urn("gitea-admin")], "name": None},
        "inputDiff": {"updates": {"values": {}}, "deletes": ["timeout"]},
    }
    plans = {
        release: {"goal": goal, "steps": ["delete-replaced", "replace", "create-replacement"]},
        phase: {"goal": {"type": "home-cluster:phase:Phase"}, "steps": ["same"]},
        gone: {"steps": ["delete"]},
    }
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"resourcePlans": plans}))
    state = [
        {"urn": gone, "type": goal["type"], "parent": phase, "dependencies": [release]},
        {"urn": keys, "type": "kubernetes:core/v1:Secret", "external": True},
        {"urn": release, "type": goal["type"], "delete": True},
    ]
    steps = read(file, {"deployment": {"resources": state}})
    assert {step.name: step.operation for step in steps.values()} == {
        "gitea-release": "replace",
        "phase4-services": "same",
        "gitea-release-old": "delete",
        "keys": "same",
    }
    told = {urn("vault-release"), urn("harbor-release")}
    assert steps[release].needs == {phase, urn("kubernetes"), keys, urn("gitea-admin"), *told}
    assert steps[gone].needs == {phase, release}
    assert steps[release].doomed, "what it was replaced by is there, and it is not gone"
    assert not file.exists(), "inputs do not stay behind"


def test_a_refusal_names_the_part_each_reason_and_what_does_it_all(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    changed = plan({"authentik-provider": "update", "vault-release": "update"})
    plans = {
        one: {
            "goal": {"type": step.type, "parent": step.parent, "dependencies": sorted(step.needs)},
            "steps": [step.operation],
        }
        for one, step in changed.items()
    }
    file.write_text(json.dumps({"resourcePlans": plans}))
    with pytest.raises(SelectionError) as refused:
        chosen(Part(phase="phase1-infrastructure"), file, {}, SERVICES, "home")
    first, reason, last = str(refused.value).splitlines()
    assert first == "PHASE=phase1-infrastructure cannot be brought up by itself, so nothing was begun:"
    assert "authentik-provider" in reason
    assert last.startswith("make up STACK=home does everything"), "what to run instead"
