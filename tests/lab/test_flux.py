"""The Flux operator: what it applies, and what it waits for."""

from collections.abc import Mapping
from typing import Any

import pytest

from components.flux.values import CONTROLLERS, instance
from lab.providers.gitea import CONTENT
from lib.names import SystemNamespace
from tests.lab.bench import Bench, refuses

SYNC = {"kind": "GitRepository", "url": "https://git.example.com/x", "ref": "refs/heads/main", "path": "clusters/x"}
LABELS = {"app.kubernetes.io/part-of": "home-cluster"}
WHOLE: dict[str, Any] = instance(version="2.8.7", sync=SYNC)


@pytest.fixture
def flux(kube: Bench) -> Bench:
    """A cluster with the operator in its namespace."""
    kube.object("v1", "Namespace", SystemNamespace.FLUX, metadata={"labels": dict(LABELS)})
    kube.release("flux-operator", SystemNamespace.FLUX)
    return kube


def install(flux: Bench, **spec: Any) -> None:
    annotations = {"pulumi.com/waitFor": "condition=Ready"}
    flux.object(
        "fluxcd.controlplane.io/v1",
        "FluxInstance",
        "flux",
        SystemNamespace.FLUX,
        metadata={"annotations": annotations},
        spec={key: value for key, value in {**WHOLE, **spec}.items() if value is not None},
    )


def test_flux_is_up_whatever_lies_in_the_repository(flux: Bench) -> None:
    install(flux)
    for name in CONTROLLERS:
        assert flux.cluster.exists("apps/Deployment", SystemNamespace.FLUX, name), "the gate looks for it"


def test_its_own_kinds_are_there_once_it_is_and_not_before(flux: Bench) -> None:
    source: dict[str, Any] = {"interval": "1m", "url": "oci://registry.example.com/apps/deploy"}
    with refuses("no matches for kind"):
        flux.object("source.toolkit.fluxcd.io/v1", "OCIRepository", "deploy", SystemNamespace.FLUX, spec=source)
    install(flux)
    flux.object("source.toolkit.fluxcd.io/v1", "OCIRepository", "deploy", SystemNamespace.FLUX, spec=source)
    path = {"interval": "10m", "prune": True, "sourceRef": {"kind": "OCIRepository", "name": "deploy"}}
    flux.object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "deploy", SystemNamespace.FLUX, spec=path)


def test_by_default_the_operator_waits_for_every_commit_as_well(flux: Bench) -> None:
    with refuses(r"Kustomization/flux-system/flux-system status: 'InProgress'"):
        install(flux, wait=None)


def test_it_leaves_the_namespace_alone_only_where_a_patch_says_so(flux: Bench) -> None:
    install(flux)
    home = flux.cluster.get("Namespace", "", SystemNamespace.FLUX)
    assert home is not None, "it is there"
    assert home["metadata"]["labels"] == LABELS, "a second update would find nothing to change"


def test_without_the_patch_it_takes_labels_of_the_program_away(flux: Bench) -> None:
    install(flux, kustomize=None)
    home = flux.cluster.get("Namespace", "", SystemNamespace.FLUX)
    assert home is not None, "it is there"
    assert home["metadata"]["labels"]["app.kubernetes.io/part-of"] == "flux", "two writers of one object"


OWN = {**SYNC, "url": "https://git.example.com/home/cluster.git", "pullSecret": "flux-repository"}
ACCOUNT = {"login": "gitea-flux", "password": "n3w"}
REPOSITORY = {"files": {"clusters/x/kustomization.yaml": ""}, "access": {"gitea-flux": "read"}}
PRESENT: Mapping[str, Any] = {"accounts": [ACCOUNT], "contents": {"home/cluster": REPOSITORY}}


@pytest.mark.parametrize(
    ("password", "gitea", "said"),
    [
        ("n3w", PRESENT, "Applied revision: refs/heads/main"),
        (None, PRESENT, "failed to get secret 'flux-system/flux-repository': secrets \"flux-repository\" not found"),
        ("0ld", PRESENT, "authentication required"),
        ("n3w", {"accounts": [ACCOUNT]}, "authentication required"),
        ("n3w", {**PRESENT, "contents": {"home/cluster": {**REPOSITORY, "access": {}}}}, "authentication required"),
        ("n3w", {**PRESENT, "contents": {"home/cluster": {**REPOSITORY, "files": {"x": ""}}}}, "path not found"),
    ],
    ids=["applied", "no secret yet", "before a rotation has arrived", "no repository yet", "not admitted", "no path"],
)
def test_a_repository_of_its_gitea_is_reported_on_and_waited_for_by_nobody(
    flux: Bench, password: str | None, gitea: Mapping[str, Any], said: str
) -> None:
    hosts = {"hosts": [{"host": "git.example.com", "paths": [{"path": "/"}]}]}
    flux.release("gitea", SystemNamespace.FLUX, {"ingress": hosts})
    flux.world.put(CONTENT, f"{SystemNamespace.FLUX}/gitea", dict(gitea))
    if password is not None:
        data = {"username": "gitea-flux", "password": password}
        flux.object("v1", "Secret", "flux-repository", SystemNamespace.FLUX, stringData=data)
    install(flux, sync=OWN)  # and comes back, whatever there is
    report = flux.cluster.get("fluxcd.controlplane.io/FluxReport", SystemNamespace.FLUX, "flux")
    assert report is not None, "the operator has reported"
    assert said in report["spec"]["sync"]["status"], "in the words of the controllers"
    assert report["spec"]["sync"]["ready"] == said.startswith("Applied"), "as make up and make status read it"
