"""What a real API server lets Flux do: its own things everywhere, and nothing to what the program brings up."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.real.kubernetes.api import APPLY, Answer, Api
from tests.real.kubernetes.controllers import make_default_account
from tests.real.kubernetes.manifests import Manifest
from tests.real.kubernetes.rights import account_token
from tests.real.kubernetes.stage import Stage
from tests.support.recording import Recording
from tests.test_gitops_example import APPLICATIONS, documents

POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
SIGNED = "pulumi-kubernetes-1a2b3c4d"
"""As the provider signs what it applies; this is asked of its source, and not of a real one."""
TENANT = "tenant"


def config(name: str, namespace: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def space(name: str, **labels: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def path(body: Mapping[str, Any]) -> str:
    metadata = body["metadata"]
    if body["kind"] == "Namespace":
        return f"/api/v1/namespaces/{metadata['name']}"
    return f"/api/v1/namespaces/{metadata['namespace']}/configmaps/{metadata['name']}"


def apply(api: Api, body: Mapping[str, Any], manager: str, *, keep: bool = False) -> Answer:
    query = f"fieldManager={manager}&force=true{'' if keep else '&dryRun=All'}"
    return api.ask("PATCH", f"{path(body)}?{query}", body, APPLY)


@pytest.fixture(scope="module")
def flux(stage: Stage, update: Recording) -> Api:
    """The API as kustomize-controller asks it, which may do anything, once the policy holds."""
    found = stage.objects(update)
    stage.keep(one for one in found if one.kind in POLICIES)
    account: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "kustomize-controller"},
    }
    subject = {"kind": "ServiceAccount", "name": "kustomize-controller", "namespace": "flux-system"}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-reconciler-flux-system"},  # as Flux has it
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [subject],
    }
    stage.keep(
        [Manifest("flux", "flux-system", account), Manifest("flux", "", binding), Manifest("", "", space(TENANT))]
    )
    assert not make_default_account(stage.api, TENANT).problems, "as a controller would"
    for body in (config("owned", TENANT, key="pulumi"), config("owned", "flux-system"), space("shared")):
        assert not apply(stage.api, body, SIGNED, keep=True).problems, "what Pulumi applied"
    assert not apply(stage.api, config("free", TENANT), "kustomize-controller", keep=True).problems, "what it did not"
    api = stage.api.using(account_token(stage.api, "flux-system/kustomize-controller"))
    deadline = time.monotonic() + 30
    while not apply(api, config("x", "vault"), "kustomize-controller").problems:
        assert time.monotonic() < deadline, "the server takes a policy up within seconds"
        time.sleep(0.2)
    return api


@pytest.mark.failure("two-owners")
@pytest.mark.parametrize(
    "body",
    [
        config("mine", "vault"),
        space("vault", mine="yes"),
        config("owned", TENANT),
        config("owned", "flux-system"),
        space("shared", mine="yes"),
    ],
    ids=["in a namespace of the platform", "such a namespace", "of a tenant", "beside Flux", "of no namespace"],
)
def test_what_the_program_brings_up_is_refused_in_words_that_say_what_to_do(
    flux: Api, stage: Stage, body: Mapping[str, Any]
) -> None:
    (problem,) = apply(flux, body, "kustomize-controller").problems
    assert "so take it out of what Flux applies" in problem, problem
    assert f"home-cluster brings up {body['kind'].lower()}s {body['metadata']['name']}" in problem, "which"
    assert not apply(stage.api, body, SIGNED).problems, "Pulumi itself may"


@pytest.mark.parametrize("body", [space("vault"), config("owned", TENANT)], ids=["namespace", "object"])
def test_nor_is_it_deleted_when_a_commit_takes_it_out(flux: Api, body: Mapping[str, Any]) -> None:
    assert "so take it out" in flux.ask("DELETE", f"{path(body)}?dryRun=All").problems[0], "as prune would"


def test_a_namespace_of_the_platform_is_not_made_before_pulumi_makes_it(flux: Api) -> None:
    (problem,) = flux.ask("POST", "/api/v1/namespaces?dryRun=All", space("harbor")).problems
    assert "home-cluster brings up namespaces harbor, so" in problem, "Pulumi would find it taken"


@pytest.mark.parametrize(
    "body",
    [
        config("free", TENANT, key="new"),
        config("new", TENANT),
        config("new", "flux-system"),
        config("new", "kube-system"),
        space("another"),
    ],
    ids=["changed", "new", "beside Flux", "in kube-system", "a namespace"],
)
def test_what_is_flux_s_own_is_left_to_it(flux: Api, body: Mapping[str, Any]) -> None:
    assert not apply(flux, body, "kustomize-controller").problems, "it is nobody else's"


def test_flux_may_apply_the_example_and_its_pods_are_admitted(flux: Api, stage: Stage) -> None:
    whole = [Manifest(one, one, body) for one in APPLICATIONS for body in documents(one)]
    for namespace in APPLICATIONS:
        restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
        assert not apply(stage.api, space(namespace, **restricted), "admin", keep=True).problems, "it is there"
        assert not make_default_account(stage.api, namespace).problems, "as a controller would"
    known = [one for one in whole if flux.kind(one.api_version, one.kind) is not None]
    assert len(known) > len(APPLICATIONS), "all but kinds of charts that are not at hand"
    refused = {str(one): flux.apply(one.body, one.namespace, keep=False).problems for one in known}
    assert not any(refused.values()), refused
    assert stage.pod_refusals(known) == [], "by the level restricted"
