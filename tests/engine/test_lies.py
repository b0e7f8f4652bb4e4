"""A lie of a double is seen by the metric and by the gate that it is about, each asking as it does on a cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from doubles.platform import SSH_FAULT
from lab.providers import scripts
from lab.providers.kubernetes import jobs
from lab.providers.kubernetes.cluster import Cluster
from tests.engine.scene import CHAT, HOSTS, IMAGES, ONBOARDING, PEOPLE, SIGN_ON, Scene

pytestmark = pytest.mark.engine

LIES = {
    "gitea is down behind its ingress": (HOSTS, ()),
    SSH_FAULT: (HOSTS, ("gitea-login",)),
    "gitea has another issuer": (SIGN_ON, ("login-gitea-discovery",)),
    "vault has no key": (SIGN_ON, ("login-vault-discovery",)),
    "gitea hides the login": (SIGN_ON, ("gitea-login",)),
    "harbor has its own login": (SIGN_ON, ("harbor-login",)),
    "chat is not delegated": (SIGN_ON, ("matrix-login",)),
    "vault refuses the command line": (SIGN_ON, ("vault-oidc-gate",)),
    "chat takes passwords": (CHAT, ()),
    "vault mixes up rights": (ONBOARDING, ()),
    "a group is missing": (PEOPLE, ()),
    "the API server reads no groups": (PEOPLE, ()),
    "images get lost": (IMAGES, ()),
}
"""What a double does wrong -> the metric and the gates that say so; what has no gate needs somebody who logs in."""


def shut(cluster: Cluster) -> tuple[str, ...]:
    """The gates of logins that would not open now, each asked by its own script."""
    with cluster.world.transaction():
        found = {job["metadata"]["name"]: jobs.outcome(cluster, job, (scripts.execute,)) for job in _logins(cluster)}
    return tuple(name for name, outcome in found.items() if outcome != jobs.DONE)


def _logins(cluster: Cluster) -> Iterator[Mapping[str, Any]]:
    ends = ("-discovery", "-login", "vault-oidc-gate")
    return (job for job in cluster.each("batch/Job") if job["metadata"]["name"].endswith(ends))


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_of_a_double_fails_its_metric_and_its_gate(scene: Scene, lie: str) -> None:
    cluster, (metric, gates) = scene.evidence.cluster, LIES[lie]
    cluster.site.faults.lie(lie)
    assert list(scene.failed()) == [metric], "every other lie: tests/smoke, by the same doubles"
    assert shut(cluster) == gates, "what holds an update back is what the suite would find"


def test_a_platform_without_a_lie_opens_every_gate(scene: Scene) -> None:
    names = {job["metadata"]["name"] for job in _logins(scene.evidence.cluster)}
    assert {gate for _, gates in LIES.values() for gate in gates} <= names, "those that the lies are about"
    assert shut(scene.evidence.cluster) == (), "each by its own script"
