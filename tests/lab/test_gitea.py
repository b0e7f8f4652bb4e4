"""The simulated Gitea: the Job for organisations needs the account that the release was given."""

import json
from typing import Any

import pytest

from lab.providers.gitea import ACCOUNTS, ORGANISATIONS
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_addresses, with_ingress

HOST = "git.example"
HOME = {"visibility": "private", "teams": {"crew": {"permission": "write"}}}


@pytest.fixture
def kube_with_gitea(kube: Bench) -> Bench:
    with_addresses(kube)
    with_ingress(kube)
    kube.object("v1", "Secret", "admin", "shop", stringData={"username": "root", "password": "s3cret"})
    kube.object("v1", "Secret", "other", "shop", stringData={"username": "root", "password": "gu3ss"})
    values: dict[str, Any] = {
        "gitea": {"admin": {"existingSecret": "admin"}},
        "ingress": {"enabled": True, "className": "traefik", "hosts": [{"host": HOST, "paths": [{"path": "/"}]}]},
    }
    kube.release("gitea", "shop", values)
    return kube


def reconcile(kube: Bench, organisations: dict[str, Any], removed: tuple[str, ...] = (), secret: str = "admin") -> None:
    plain = {
        "GITEA_URL": f"https://{HOST}",
        "PEOPLE": json.dumps(["jane"]),
        "ORGANISATIONS": json.dumps(organisations),
        "REMOVED": json.dumps(removed),
        "SECONDS": "60",
    }
    env = [
        *({"name": name, "value": value} for name, value in plain.items()),
        *(
            {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name.lower()}}}
            for name in ("USERNAME", "PASSWORD")
        ),
    ]
    number = len(list(kube.cluster.each("batch/Job")))
    kube.probe("gitea_content", f"content-{number}", "shop", env)


def test_what_is_declared_is_there_afterwards(kube_with_gitea: Bench) -> None:
    reconcile(kube_with_gitea, {"home": HOME})
    assert kube_with_gitea.world.get(ORGANISATIONS, "home") == HOME, "visibility and teams"


def test_accounts_work_while_their_person_may_log_in(kube_with_gitea: Bench) -> None:
    for name, active in (("jane", False), ("judy", True)):
        kube_with_gitea.world.put(ACCOUNTS, name, {"active": active})
    reconcile(kube_with_gitea, {})
    assert kube_with_gitea.world.table(ACCOUNTS) == {"jane": {"active": True}, "judy": {"active": False}}, "as declared"


def test_another_password_is_refused(kube_with_gitea: Bench) -> None:
    with refuses(r"refuses the account \(401\)"):
        reconcile(kube_with_gitea, {"home": HOME}, secret="other")


def test_a_host_that_nobody_serves_is_waited_for(kube: Bench) -> None:
    kube.object("v1", "Secret", "admin", "shop", stringData={"username": "root", "password": "s3cret"})
    with refuses("no such host"):
        reconcile(kube, {"home": HOME})


def test_a_removed_organisation_goes_when_it_is_empty(kube_with_gitea: Bench) -> None:
    reconcile(kube_with_gitea, {"home": HOME})
    reconcile(kube_with_gitea, {}, removed=("home", "never-there"))
    assert kube_with_gitea.world.get(ORGANISATIONS, "home") is None, "it was named"


def test_a_removed_organisation_with_a_repository_stays(kube_with_gitea: Bench) -> None:
    kube_with_gitea.world.put(ORGANISATIONS, "home", {**HOME, "repositories": ["home/infra"]})
    with refuses("still holds repositories: home/infra"):
        reconcile(kube_with_gitea, {}, removed=("home",))
    assert kube_with_gitea.world.get(ORGANISATIONS, "home") is not None, "nothing was lost"


def test_teams_that_are_not_declared_stay(kube_with_gitea: Bench) -> None:
    reconcile(kube_with_gitea, {"home": HOME})
    reconcile(kube_with_gitea, {"home": {"visibility": "public", "teams": {}}})
    found = kube_with_gitea.world.get(ORGANISATIONS, "home") or {}
    assert found["visibility"] == "public", "as declared now"
    assert list(found["teams"]) == ["crew"], "only `removed` deletes"
