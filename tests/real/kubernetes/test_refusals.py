"""What a real API server refuses: the checks of this directory can fail."""

from copy import deepcopy
from typing import Any

import pytest

from tests.real.kubernetes.manifests import Manifest, pod_of
from tests.real.kubernetes.stage import Stage
from tests.support.recording import Recording


def changed(manifest: Manifest, path: tuple[str | int, ...], value: Any) -> Manifest:
    """The manifest with another value at a path."""
    body: Any = deepcopy(dict(manifest.body))
    place = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return Manifest(manifest.origin, manifest.namespace, body)


def one(stage: Stage, program: Recording, kind: str, name: str) -> Manifest:
    """The object of the program of that kind and name, which is accepted as it is."""
    found = [it for it in stage.objects(program) if (it.kind, it.body["metadata"]["name"]) == (kind, name)]
    assert len(found) >= 1, f"the program creates {kind} {name}"
    assert not stage.refusals(found[:1]), f"{found[0]} is accepted as it is"
    return found[0]


POD = ("spec", "template", "spec")
FIRST = (*POD, "containers", 0)


@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "reason"),
    [
        ("NetworkPolicy", "ingress", ("spec", "podSelectors"), {}, "field not declared in schema"),
        ("NetworkPolicy", "ingress", ("spec", "policyTypes"), ["Inward"], "Unsupported value"),
        ("Service", "kube-dns", ("spec", "ports", 0, "port"), 70000, "must be between 1 and 65535"),
        ("Job", "vault-gate", (*POD, "restartPolicy"), "Always", "valid values"),
        ("Job", "vault-gate", (*FIRST, "volumeMounts", 0, "name"), "scripts", "Not found"),
        ("Job", "vault-gate", (*FIRST, "resources", "limits"), {"memory": "64Mib"}, "quantities must match"),
        ("StatefulSet", "harbor-trivy", ("spec", "selector", "matchLabels", "app"), "x", "does not match template"),
        ("PodDisruptionBudget", "coredns", ("spec", "minAvailable"), 1, "cannot be both set"),
    ],
)
def test_a_defect_in_an_object_is_refused(  # noqa: PLR0913, PLR0917 - one defect a line
    stage: Stage, update: Recording, kind: str, name: str, path: tuple[str | int, ...], value: Any, reason: str
) -> None:
    (refusal,) = stage.refusals([changed(one(stage, update, kind, name), path, value)])
    assert reason in refusal, f"for {'.'.join(map(str, path))} {value!r}: {refusal}"


def test_a_kind_that_nobody_brings_is_refused(stage: Stage) -> None:
    body = {"apiVersion": "example.test/v1", "kind": "Thing", "metadata": {"name": "thing"}}
    assert stage.refusals([Manifest("thing", "default", body)]), "only the groups in LEFT_OUT are passed over"


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ((*FIRST, "securityContext"), {"privileged": True}, "privileged"),
        ((*FIRST, "securityContext", "allowPrivilegeEscalation"), True, "allowPrivilegeEscalation != false"),
        ((*FIRST, "securityContext", "runAsNonRoot"), False, "runAsNonRoot != true"),
        ((*FIRST, "securityContext", "capabilities"), {"add": ["NET_ADMIN"]}, "unrestricted capabilities"),
        ((*FIRST, "ports"), [{"containerPort": 80, "hostPort": 80}], "hostPort"),
        ((*POD, "securityContext", "runAsNonRoot"), False, "pod must not set securityContext.runAsNonRoot=false"),
    ],
)
def test_a_pod_with_rights_that_its_namespace_does_not_grant_is_refused(
    stage: Stage, update: Recording, path: tuple[str | int, ...], value: Any, reason: str
) -> None:
    job = changed(one(stage, update, "Job", "vault-gate"), path, value)
    (refusal,) = stage.pod_refusals([job])
    assert "violates PodSecurity" in refusal, f"the namespace is restricted: {refusal}"
    assert reason in refusal, f"for {'.'.join(map(str, path))} {value!r}: {refusal}"


def test_a_pod_whose_account_does_not_exist_is_refused(stage: Stage, update: Recording) -> None:
    job = changed(one(stage, update, "Job", "vault-init"), (*POD, "serviceAccountName"), "vault-initialisation")
    assert pod_of(job), "a Job runs a pod"
    (refusal,) = stage.pod_refusals([job])
    assert 'serviceaccount "vault-initialisation" not found' in refusal, refusal


def test_the_template_of_a_job_cannot_be_changed(stage: Stage, update: Recording) -> None:
    """So Pulumi replaces a Job whose pod changes."""
    job = one(stage, update, "Job", "vault-gate")
    stage.keep([job])
    (refusal,) = stage.refusals([changed(job, (*FIRST, "image"), "example.test/other:1")])
    assert "field is immutable" in refusal, refusal
