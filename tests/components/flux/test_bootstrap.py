"""Flux."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml

from components.flux.bootstrap import Flux, FluxArgs
from lib.charts import Catalogue
from settings.platform import GitOpsSettings
from tests.components.services import SETTINGS
from tests.support.components import record_component
from tests.support.engine import Recording
from tests.support.objects import environment

INSTANCE = "kubernetes:fluxcd.controlplane.io/v1:FluxInstance"
SECRET = "kubernetes:core/v1:Secret"
AUTHORITY = "-----BEGIN CERTIFICATE-----"


def flux(
    token: str | None,
    username: str | None = None,
    authority: str | None = None,
    settings: GitOpsSettings = SETTINGS.gitops,
    key: str | None = None,
    **more: Any,
) -> Callable[[pulumi.ResourceOptions], None]:
    def build(opts: pulumi.ResourceOptions) -> None:
        args = FluxArgs(
            chart=Catalogue()["flux-operator"],
            settings=settings,
            platform=("vault",),
            git_token=None if token is None else pulumi.Output.secret(token),
            git_key=None if key is None else pulumi.Output.secret(key),
            git_username=None if username is None else pulumi.Output.secret(username),
            ca_certificate=authority,
            **{"repository": settings.sync.url if settings.sync else None, **more},
        )
        Flux("flux", args, opts)

    return build


def test_the_instance_follows_the_stack_file(update: Recording) -> None:
    instance = update.one(INSTANCE)
    assert SETTINGS.gitops.sync is not None, "the shipped stack has a repository"
    assert instance.get("spec", "sync", "url") == SETTINGS.gitops.sync.url, "the repository"
    assert instance.get("spec", "distribution", "version") == SETTINGS.gitops.flux_version, "pinned"
    binding = update.one("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding")
    assert binding.urn in update.waits_for(instance), "before it there is nothing that Flux may not touch"


@pytest.mark.parametrize(
    ("token", "username", "authority", "data"),
    [
        ("t0ken", "robot", None, {"username": "robot", "password": "t0ken"}),
        ("t0ken", None, None, {"username": "git", "password": "t0ken"}),
        (None, None, AUTHORITY, {"ca.crt": AUTHORITY}),
        ("t0ken", None, AUTHORITY, {"username": "git", "password": "t0ken", "ca.crt": AUTHORITY}),
    ],
    ids=["private", "token alone, as git servers ignore the name", "own CA", "private behind the own CA"],
)
def test_flux_finds_credentials_and_authority_in_one_secret(
    token: str | None, username: str | None, authority: str | None, data: dict[str, str]
) -> None:
    recording = record_component(flux(token, username, authority))
    secret, instance = recording.one(SECRET), recording.one(INSTANCE)
    assert secret.get("stringData") == data, "it refuses a password without a user name, and one without the other"
    shown = [key for key in ("username", "password") if key in data and not secret.is_secret("stringData", key)]
    assert shown == [], "readable in the state"
    assert instance.get("spec", "sync", "pullSecret") == secret.get("metadata", "name"), "Flux must find them"
    assert recording.is_after(instance, secret), "the first fetch would fail"


def test_over_ssh_flux_gets_a_key_and_knows_the_host_by_its_own() -> None:
    assert SETTINGS.gitops.sync is not None, "the shipped stack has a repository"
    known = SETTINGS.gitops.sync.model_copy(update={"known_hosts": ("git.example.com ssh-ed25519 AAAA",)})
    settings = SETTINGS.gitops.model_copy(update={"sync": known})
    over_ssh = flux("t0ken", None, AUTHORITY, settings, "k3y", repository="ssh://git@git.example.com/home.git")
    secret = record_component(over_ssh).one(SECRET)
    assert secret.get("stringData") == {"identity": "k3y", "known_hosts": "git.example.com ssh-ed25519 AAAA\n"}, (
        "it refuses either without the other, and looks at nothing else (AuthOptions.Validate in fluxcd/pkg, git)"
    )
    assert secret.is_secret("stringData", "identity"), "readable in the state"


def test_a_secret_that_comes_later_is_named_and_not_made() -> None:
    later = record_component(flux("t0ken", None, AUTHORITY, pull_secret="flux-repository"))
    assert not later.of_type(SECRET), "Reflector brings it, when phase 4 has made it"
    assert later.one(INSTANCE).get("spec", "sync", "pullSecret") == "flux-repository", "Flux tries until it is there"


@pytest.mark.failure("stale-conditions")
def test_the_gate_proves_that_each_controller_runs(update: Recording) -> None:
    instance, gate = update.one(INSTANCE), update.one("kubernetes:batch/v1:Job", "flux-gate")
    assert update.is_after(gate, instance), "the operator makes the Deployments"
    watched = environment(gate)["OBJECTS"].split(",")
    prefix = "/apis/apps/v1/namespaces/flux-system/deployments/"
    assert watched == [f"{prefix}{name}=Available" for name in instance.get("spec", "components")], "all of Flux"


def test_the_operator_is_there_as_long_as_flux_is(update: Recording) -> None:
    operator = update.one("kubernetes:helm.sh/v3:Release", "flux-operator")
    assert update.is_after(update.one(INSTANCE), operator), (
        "it takes Flux and its finalizers away when the instance goes"
    )


def test_the_operator_leaves_the_namespace_to_the_program(update: Recording) -> None:
    (patch,) = update.one(INSTANCE).get("spec", "kustomize", "patches")
    assert patch["target"] == {"kind": "Namespace"}, "of what it applies, that object alone"
    document = yaml.safe_load(patch["patch"])
    assert document["$patch"] == "delete", "it would put labels of its own in place of the program's"
    namespace = update.one("kubernetes:core/v1:Namespace", "flux-namespace").get("metadata", "name")
    assert document["metadata"]["name"] == namespace, "the one that the program makes"


def test_without_a_repository_flux_runs_and_hands_the_cluster_to_nobody() -> None:
    alone = record_component(flux("t0ken", settings=SETTINGS.gitops.model_copy(update={"sync": None})))
    assert alone.one(INSTANCE).get("spec", "sync") is None, "whoever owns the repository owns the cluster"
    assert not alone.of_type(SECRET), "there is nothing that these credentials are for"
