"""The simulated Harbor: the Job for its content needs the account of the release and the Secrets of the robots."""

import json
from typing import Any

import pytest

from components.harbor import pull_secret
from components.harbor.declared import content
from components.harbor.settings import HarborSettings
from lab.providers.errors import InitFailedError
from lab.providers.harbor import CONTENT
from lab.providers.kubernetes.cluster import encoded
from lab.providers.operators.templates import render
from lib.kubernetes import from_secret
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_addresses, with_ingress

HOST = "registry.example"
URL, NEW_URL = "redis://harbor:s3cret@valkey:6379/3", "redis://harbor:an3w@valkey:6379/3"
DECLARED: dict[str, Any] = {
    "registries": {"hub": {"type": "docker-hub", "url": "https://hub.docker.com"}},
    "projects": {"shop": {"members": {"people": "developer"}}, "cache": {"public": True, "proxyCache": "hub"}},
    "robots": {"puller": {"permissions": {"shop": ["pull"]}}},
}


@pytest.fixture
def kube_with_harbor(kube: Bench) -> Bench:
    with_addresses(kube)
    with_ingress(kube)
    kube.object("v1", "Secret", "admin", "shop", stringData={"password": "s3cret"})
    login(kube)
    valkey(kube)
    values: dict[str, Any] = {
        "core": {
            "extraEnvVars": [from_secret("_REDIS_URL_REG", "valkey", "registry")],
            "podAnnotations": {"reloader.stakater.com/auto": "true"},
        },
        "existingSecretAdminPassword": "admin",
        "existingSecretAdminPasswordKey": "password",
        "expose": {"type": "ingress", "ingress": {"className": "traefik", "hosts": {"core": HOST}}},
    }
    kube.release("harbor", "shop", values)
    return kube


def login(kube: Bench) -> None:
    """The Secret of the robot, as External Secrets composes it."""
    values = {"username": pull_secret.login("puller"), "password": "Puller0Password"}
    data = {key: render(text, values) for key, text in pull_secret.template(HOST, 1).items()}
    kube.object("v1", "Secret", "registry-puller", "shop", type=pull_secret.TYPE, stringData=data)


def valkey(kube: Bench) -> None:
    """The Secret with Valkey's URL, as External Secrets writes it, and the account that may look at it."""
    annotations = {"home-cluster/generations": "valkey/harbor=1"}
    kube.object("v1", "Secret", "valkey", "shop", metadata={"annotations": annotations}, stringData={"registry": URL})
    kube.object("v1", "ServiceAccount", "content", "shop")
    rbac = "rbac.authorization.k8s.io"
    secret = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["valkey"], "verbs": ["get"]}
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    kube.object(f"{rbac}/v1", "Role", "content", "shop", rules=[secret, pods])
    subjects = [{"kind": "ServiceAccount", "name": "content", "namespace": "shop"}]
    reference = {"apiGroup": rbac, "kind": "Role", "name": "content"}
    kube.object(f"{rbac}/v1", "RoleBinding", "content", "shop", roleRef=reference, subjects=subjects)


def reconcile(kube: Bench, declared: dict[str, Any], mounted: int = 1, generation: int = 1, **changed: Any) -> None:
    harbor = HarborSettings.model_validate({"host": HOST, "userGroup": "people", "adminGroup": "people", **declared})
    plain = {
        "HARBOR_URL": f"https://{HOST}",
        "CONTENT": json.dumps(content(harbor, dict.fromkeys(harbor.robots, 1))),
        "LOGINS": "/robots",
        "VALKEY_SECRET": "/api/v1/namespaces/shop/secrets/valkey",
        "VALKEY_GENERATIONS": "valkey/harbor=1",
        "CORE_PODS": "/api/v1/namespaces/shop/pods",
        "SECONDS": "60",
        "HARBOR_PASSWORD": "s3cret",
        **changed,
    }
    mounts = [{"name": "puller", "mountPath": "/robots/puller"}]
    env = [{"name": name, "value": value} for name, value in plain.items()]
    volumes = [{"name": "puller", "secret": {"secretName": "registry-puller"}}]
    number = len(list(kube.cluster.each("batch/Job")))
    more = {"volumes": volumes, "mounts": mounts, "serviceAccountName": "content"}
    kube.probe("harbor_content", f"content-{number}", "shop", env, **more)


def content_of(kube: Bench) -> dict[str, Any]:
    return kube.world.table(CONTENT)["shop/harbor"]


def test_what_is_declared_is_there_afterwards(kube_with_harbor: Bench) -> None:
    reconcile(kube_with_harbor, DECLARED)
    held = content_of(kube_with_harbor)
    assert {one["name"] for one in held["projects"].values()} == {"library", "shop", "cache"}, (
        "and what it brings along"
    )
    assert list(held["passwords"].values()) == ["Puller0Password"], "that of its Secret"


def test_the_schedule_of_the_garbage_collection_follows_the_url_that_core_has(kube_with_harbor: Bench) -> None:
    kube_with_harbor.release("reloader", "shop", repository="https://stakater.github.io/stakater-charts")
    reconcile(kube_with_harbor, DECLARED)
    assert content_of(kube_with_harbor)["schedules"]["gc"]["redis_url_reg"] == URL, "with the password of that time"
    secret = kube_with_harbor.cluster.get("Secret", "shop", "valkey") or {}
    rotated = {**secret, "data": encoded({"registry": NEW_URL})}
    rotated["metadata"] |= {"annotations": {"home-cluster/generations": "valkey/harbor=2"}}
    kube_with_harbor.cluster.store(rotated)
    kube_with_harbor.site.settle()
    reconcile(kube_with_harbor, DECLARED, VALKEY_GENERATIONS="valkey/harbor=2")
    assert content_of(kube_with_harbor)["schedules"]["gc"]["redis_url_reg"] == NEW_URL, "core was restarted after it"


def test_a_core_that_nobody_restarted_keeps_the_gate_shut(kube_with_harbor: Bench) -> None:
    secret = kube_with_harbor.cluster.get("Secret", "shop", "valkey") or {}
    kube_with_harbor.cluster.store({**secret, "data": encoded({"registry": NEW_URL})})
    with refuses("Reloader has to restart it", InitFailedError):
        reconcile(kube_with_harbor, DECLARED)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"VALKEY_SECRET": "/api/v1/namespaces/shop/secrets/admin"}, "HTTP Error 403"),
        ({"HARBOR_PASSWORD": "guess"}, "answered 401"),
    ],
)
def test_what_is_not_as_the_job_was_told_keeps_it_waiting(
    kube_with_harbor: Bench, changed: dict[str, Any], word: str
) -> None:
    with refuses(word, InitFailedError):
        reconcile(kube_with_harbor, DECLARED, **changed)


def test_the_secret_of_a_robot_is_a_login_for_every_client() -> None:
    values = {"username": "robot$puller", "password": "Puller0Password"}
    text = render(pull_secret.template(HOST, 1)[pull_secret.CONFIGURATION], values)
    auth = "cm9ib3QkcHVsbGVyOlB1bGxlcjBQYXNzd29yZA=="
    assert json.loads(text) == {"auths": {HOST: {**values, "auth": auth}}}, "name and password, and both in base64"
