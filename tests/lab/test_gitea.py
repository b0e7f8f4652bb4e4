"""The simulated Gitea: the Job for organisations needs the account that the release was given."""

import json
from typing import Any

import pytest

from lab.providers.errors import InitFailedError
from lab.providers.gitea import CONTENT
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_addresses, with_ingress

HOST = "git.example"
CREW = {"permission": "write", "units_map": {"repo.code": "write"}}
RIGHTS = {"includes_all_repositories": True, "can_create_org_repo": False}
HOME = {"visibility": "private", "teams": {"crew": {**CREW, **RIGHTS}}}


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
        "REPOSITORY": "null",
        "READER": "",
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


def test_what_is_declared_stays_until_it_is_removed(kube_with_gitea: Bench) -> None:
    reconcile(kube_with_gitea, {"home": HOME})
    held = kube_with_gitea.world.table(CONTENT)["shop/gitea"]
    assert held["organisations"] == {"home": {"name": "home", "visibility": "private"}}, "in its database"
    kube_with_gitea.world.put(CONTENT, "shop/gitea", {**held, "repositories": {"home": ["home/infra"]}})
    with refuses("still holds repositories: home/infra", InitFailedError):
        reconcile(kube_with_gitea, {}, removed=("home",))
    kube_with_gitea.world.put(CONTENT, "shop/gitea", held)
    reconcile(kube_with_gitea, {}, removed=("home",))
    assert kube_with_gitea.world.table(CONTENT)["shop/gitea"]["organisations"] == {}, "it was named, and is empty"


def test_another_password_is_refused(kube_with_gitea: Bench) -> None:
    with refuses(r"refuses the account \(401\)", InitFailedError):
        reconcile(kube_with_gitea, {"home": HOME}, secret="other")
