"""The Flux operator: what it applies, and what it waits for."""

from typing import Any

import pytest

from components.flux.values import CONTROLLERS, instance
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
