"""What is said after an update of a repository that Flux does not apply."""

from pathlib import Path
from typing import Any

import pytest

from doubles.certificates import Authority
from doubles.loopback import Reply, serving
from settings.platform import GitOpsSettings
from tests.tools.stack_state import brought_up, secret
from tests.tools.test_cluster import Serve, kubeconfig, serve
from tools.cluster import PROVIDER
from tools.flux_sync import notice, unsynced
from tools.state import Engine

__all__ = ["serve"]

REPORT = "GET /apis/fluxcd.controlplane.io/v1/namespaces/flux-system/fluxreports/flux"
SYNC = {"url": "https://git.example.com/home.git", "path": "clusters/home"}


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
    assert notice(GitOpsSettings.model_validate({"fluxVersion": "2.8.7", **settings}), engine) is None


def test_the_repository_its_ref_and_its_path_are_named(tmp_path: Path) -> None:
    refused = report(id="kustomization/flux-system", ready=False, status="path not found")
    with serving(lambda _: refused) as double:
        text = kubeconfig(double.url, Authority("kubernetes").pem)
        brought_up(tmp_path, {"urls": {}}, {"type": PROVIDER, "inputs": {"kubeconfig": secret(text)}})
        engine = Engine(tmp_path / ".tools" / "pulumi", "test-cluster", tmp_path)
        said = notice(GitOpsSettings.model_validate({"fluxVersion": "2.8.7", "sync": SYNC}), engine)
    assert said == (
        "Flux and https://git.example.com/home.git at refs/heads/main, path clusters/home: not applied: path not "
        "found. Nothing of the platform waits for it."
    )
