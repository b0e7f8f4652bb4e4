"""What is said after an update of a repository that Flux does not apply."""

from pathlib import Path
from typing import Any

import pytest

from components.gitea.settings import GiteaSettings
from doubles.certificates import Authority
from doubles.loopback import Reply, serving
from settings.model import Settings
from settings.platform import GitOpsSettings
from stack_file.load import load_stack_file
from tests.components.services import SETTINGS
from tests.stack_file.stacks import FIXTURES
from tests.tools.stack_state import brought_up, secret
from tests.tools.test_cluster import Serve, kubeconfig, serve
from tools.cluster import PROVIDER
from tools.flux_sync import applied, farewell, notice, unsynced
from tools.state import Engine

__all__ = ["serve"]

REPORT = "GET /apis/fluxcd.controlplane.io/v1/namespaces/flux-system/fluxreports/flux"
SYNC = {"url": "https://git.example.com/home.git", "path": "clusters/home"}


def stack(**gitops: Any) -> Settings:
    """The shipped stack file with another section `gitops`."""
    own = GitOpsSettings.model_validate({"fluxVersion": "2.8.7", **gitops})
    return SETTINGS.model_copy(update={"gitops": own})


def report(**sync: Any) -> Reply:
    return Reply(body={"spec": {"distribution": {}, **({"sync": sync} if sync else {})}})


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (report(id="kustomization/flux-system", ready=True, status="Applied revision: main@sha1:1"), None),
        (report(id="kustomization/flux-system", ready=False, status="path not\nfound."), "path not found"),
        (report(), "the operator of Flux has not reported on it yet"),
    ],
    ids=["applied", "not applied", "not reported"],
)
def test_the_reason_is_that_of_the_operator(serve: Serve, reply: Reply, reason: str | None) -> None:
    with serve({REPORT: reply}) as (asked, _):
        assert unsynced(asked) == reason


@pytest.mark.parametrize("settings", [{"enabled": False, "sync": SYNC}, {"sync": None}], ids=["off", "no repository"])
def test_without_a_repository_nothing_is_asked(settings: dict[str, Any], tmp_path: Path) -> None:
    engine = Engine(tmp_path / "no-cli", "home", tmp_path)
    assert notice(stack(**settings), engine) is None


@pytest.mark.parametrize(
    ("sync", "url"),
    [
        (SYNC, SYNC["url"]),
        (
            {"gitea": {"organisation": "household", "repository": "cluster"}, "path": "clusters/home"},
            f"https://{SETTINGS.section(GiteaSettings).host}/household/cluster.git",
        ),
    ],
    ids=["of anywhere", "of its Gitea"],
)
def test_the_repository_its_ref_and_its_path_are_named(sync: dict[str, Any], url: str, tmp_path: Path) -> None:
    refused = report(id="kustomization/flux-system", ready=False, status="path not found")
    with serving(lambda _: refused) as double:
        text = kubeconfig(double.url, Authority("kubernetes").pem)
        brought_up(tmp_path, {"urls": {}}, {"type": PROVIDER, "inputs": {"kubeconfig": secret(text)}})
        engine = Engine(tmp_path / ".tools" / "pulumi", "test-cluster", tmp_path)
        said = notice(stack(sync=sync), engine)
    assert said == (
        f"Flux and {url} at refs/heads/main, path clusters/home: not applied: path not found. Nothing of the platform "
        "waits for it."
    )


KUSTOMIZATIONS = "GET /apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
INVENTORY = ("shop_web_apps_Deployment", "shop_web__Service", "blog_web_apps_Deployment", "_blog__Namespace")


def kept(*entries: str) -> Reply:
    """Kustomizations of which one has these in its inventory, and one is new."""
    inventory = {"entries": [{"id": one, "v": "v1"} for one in entries]}
    return Reply(body={"items": [{"status": {"inventory": inventory}}, {"metadata": {"name": "new"}}]})


def test_what_flux_keeps_is_counted_by_namespace(serve: Serve) -> None:
    with serve({KUSTOMIZATIONS: kept(*INVENTORY)}) as (asked, _):
        assert applied(asked) == {"shop": 2, "blog": 1, "": 1}, "those in no namespace, too"
    with serve({KUSTOMIZATIONS: Reply(404, {"message": "the server could not find the requested resource"})}) as (
        asked,
        _,
    ):
        assert applied(asked) == {}, "without Flux nobody knows the kind"


@pytest.mark.parametrize(
    ("existing", "entries", "said"),
    [
        (False, INVENTORY, "4 objects, in blog, no namespace, shop: they go with the machines (docs/gitops.md)"),
        (True, INVENTORY, "shop: they stay, and nobody reconciles or deletes them (docs/gitops.md)"),
        (True, (), None),
    ],
    ids=["own machines", "a cluster of before", "nothing applied"],
)
def test_before_everything_goes_it_is_told_what_becomes_of_that(
    existing: bool, entries: tuple[str, ...], said: str | None, tmp_path: Path
) -> None:
    settings = load_stack_file(FIXTURES / "valid" / f"{'existing-cluster' if existing else 'minimal'}.yaml")
    with serving(lambda _: kept(*entries)) as double:
        text = kubeconfig(double.url, Authority("kubernetes").pem)
        brought_up(tmp_path, {"urls": {}}, {"type": PROVIDER, "inputs": {"kubeconfig": secret(text)}})
        told = farewell(settings, Engine(tmp_path / ".tools" / "pulumi", "test-cluster", tmp_path))
    assert told == said or (said and told and told.endswith(said)), "how many, where, and their fate"
