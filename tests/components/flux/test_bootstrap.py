"""Flux."""

from collections.abc import Callable

import pulumi
import pytest
import yaml

from components.flux.bootstrap import Flux, FluxArgs
from lib.charts import Catalogue
from settings.platform import GitOpsSettings
from tests.components.services import RELEASE, SETTINGS
from tests.support.components import record_component
from tests.support.engine import Recording

INSTANCE = "kubernetes:fluxcd.controlplane.io/v1:FluxInstance"
SECRET = "kubernetes:core/v1:Secret"


AUTHORITY = "-----BEGIN CERTIFICATE-----"


def flux(
    token: str | None,
    username: str | None = None,
    authority: str | None = None,
    settings: GitOpsSettings = SETTINGS.gitops,
) -> Callable[[pulumi.ResourceOptions], None]:
    def build(opts: pulumi.ResourceOptions) -> None:
        args = FluxArgs(
            chart=Catalogue()["flux-operator"],
            settings=settings,
            git_token=None if token is None else pulumi.Output.secret(token),
            git_username=None if username is None else pulumi.Output.secret(username),
            ca_certificate=authority,
        )
        Flux("flux", args, opts)

    return build


@pytest.fixture(scope="module")
def public() -> Recording:
    return record_component(flux(None))


@pytest.fixture(scope="module")
def private() -> Recording:
    return record_component(flux("t0ken", "robot"))


def test_one_resource_is_the_whole_bootstrap(public: Recording) -> None:
    instance = public.one(INSTANCE)
    assert instance.get("metadata", "name") == "flux", "the CRD refuses any other name"
    assert instance.get("metadata", "namespace") == "flux-system", "the operator looks in its own namespace only"
    sync = instance.get("spec", "sync")
    assert SETTINGS.gitops.sync is not None, "the shipped stack has a repository"
    assert sync["url"] == SETTINGS.gitops.sync.url, "the repository of the stack file"
    assert instance.get("spec", "distribution", "version") == SETTINGS.gitops.flux_version, "pinned by the stack file"


def test_the_instance_is_awaited_and_comes_after_the_operator(public: Recording) -> None:
    instance = public.one(INSTANCE)
    waits = instance.get("metadata", "annotations", "pulumi.com/waitFor")
    assert waits == "condition=Ready", "a bootstrap that did not finish is no bootstrap"
    assert public.is_after(instance, public.one(RELEASE)), "without the release there is no such kind"


def test_what_lies_in_the_repository_holds_nothing_back(public: Recording) -> None:
    assert public.one(INSTANCE).get("spec", "wait") is False, "Ready would mean that every commit is healthy too"


def test_the_gate_proves_that_each_controller_runs(public: Recording) -> None:
    instance, gate = public.one(INSTANCE), public.one("kubernetes:batch/v1:Job")
    assert public.is_after(gate, instance), "the operator makes the Deployments"
    (container,) = gate.get("spec", "template", "spec", "containers")
    watched = next(one["value"] for one in container["env"] if one["name"] == "OBJECTS").split(",")
    prefix = "/apis/apps/v1/namespaces/flux-system/deployments/"
    assert watched == [f"{prefix}{name}=Available" for name in instance.get("spec", "components")], "all of Flux"


def test_the_operator_leaves_the_namespace_to_the_program(public: Recording) -> None:
    (patch,) = public.one(INSTANCE).get("spec", "kustomize", "patches")
    assert patch["target"] == {"kind": "Namespace"}, "of what it applies, that object alone"
    document = yaml.safe_load(patch["patch"])
    assert document["$patch"] == "delete", "it would put labels of its own in place of the program's"
    namespace = public.one("kubernetes:core/v1:Namespace").get("metadata", "name")
    assert document["metadata"]["name"] == namespace, "the one that the program makes"


def test_a_public_repository_needs_no_credentials(public: Recording) -> None:
    assert not public.of_type(SECRET), "an empty Secret would only make Flux fail"
    assert public.one(INSTANCE).get("spec", "sync", "pullSecret") is None, "there is no Secret to name"


def test_the_credentials_of_a_private_repository_are_secret_and_come_first(private: Recording) -> None:
    secret, instance = private.one(SECRET), private.one(INSTANCE)
    assert secret.get("stringData") == {"username": "robot", "password": "t0ken"}, "the keys that Flux reads"
    for key in ("username", "password"):
        assert secret.is_secret("stringData", key), f"{key} would be readable in the state"
    assert instance.get("spec", "sync", "pullSecret") == secret.get("metadata", "name"), "Flux must find them"
    assert private.is_after(instance, secret), "the first fetch would fail"


def test_a_token_alone_gets_the_user_name_that_git_servers_ignore() -> None:
    secret = record_component(flux("t0ken")).one(SECRET)
    assert secret.get("stringData", "username") == "git", "Flux refuses a Secret without user name"


def test_a_public_repository_behind_the_own_ca_needs_that_alone() -> None:
    recording = record_component(flux(None, authority=AUTHORITY))
    secret = recording.one(SECRET)
    assert secret.get("stringData") == {"ca.crt": AUTHORITY}, "Flux refuses a password without a user name"
    pulled = recording.one(INSTANCE).get("spec", "sync", "pullSecret")
    assert pulled == secret.get("metadata", "name"), "Flux looks for the CA where it looks for credentials"


def test_a_private_repository_behind_the_own_ca_needs_both() -> None:
    secret = record_component(flux("t0ken", authority=AUTHORITY)).one(SECRET)
    assert secret.get("stringData") == {"username": "git", "password": "t0ken", "ca.crt": AUTHORITY}, "in one Secret"


def test_without_a_repository_flux_runs_and_hands_the_cluster_to_nobody() -> None:
    alone = record_component(flux("t0ken", settings=SETTINGS.gitops.model_copy(update={"sync": None})))
    assert alone.one(INSTANCE).get("spec", "sync") is None, "whoever owns the repository owns the cluster"
    assert not alone.of_type(SECRET), "there is nothing that these credentials are for"


def test_gitops_is_closed_from_outside(public: Recording) -> None:
    sources = public.one("kubernetes:networking.k8s.io/v1:NetworkPolicy").get("spec", "ingress")
    assert sources == [{"from": [{"podSelector": {}}]}], "nobody outside calls Flux"
