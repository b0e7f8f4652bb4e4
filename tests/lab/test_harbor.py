"""The simulated Harbor: the Job for its content needs the account of the release and the Secrets of the robots."""

import json
from typing import Any

import pytest

from components.harbor import pull_secret
from components.harbor.declared import content
from components.harbor.settings import Harbor
from lab.providers.harbor import PROJECTS, ROBOTS, SCHEDULES
from lab.providers.operators.templates import render
from lib.kubernetes import from_secret
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import with_addresses, with_ingress

HOST = "registry.example"
URL = "redis://harbor:s3cret@valkey:6379/3"
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
    kube.object("v1", "Secret", "other", "shop", stringData={"password": "gu3ss"})
    login(kube)
    valkey(kube)
    values: dict[str, Any] = {
        "core": {"extraEnvVars": [from_secret("_REDIS_URL_REG", "valkey", "registry")]},
        "existingSecretAdminPassword": "admin",
        "existingSecretAdminPasswordKey": "password",
        "expose": {"type": "ingress", "ingress": {"className": "traefik", "hosts": {"core": HOST}}},
    }
    kube.release("harbor", "shop", values)
    return kube


def login(kube: Bench, generation: int = 1, host: str = HOST) -> None:
    """The Secret of the robot, as External Secrets composes it."""
    values = {"username": pull_secret.login("puller"), "password": "Puller0Password"}
    data = {key: render(text, values) for key, text in pull_secret.template(host, generation).items()}
    kube.object("v1", "Secret", f"registry-puller-{generation}", "shop", type=pull_secret.TYPE, stringData=data)


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


def reconcile(
    kube: Bench, declared: dict[str, Any], admin: str = "admin", mounted: int = 1, generation: int = 1, **changed: str
) -> None:
    harbor = Harbor.model_validate({"host": HOST, "userGroup": "people", "adminGroup": "people", **declared})
    plain = {
        "HARBOR_URL": f"https://{HOST}",
        "CONTENT": json.dumps(content(harbor, dict.fromkeys(harbor.robots, generation))),
        "LOGINS": "/robots",
        "VALKEY_SECRET": "/api/v1/namespaces/shop/secrets/valkey",
        "VALKEY_GENERATIONS": "valkey/harbor=1",
        "CORE_PODS": "/api/v1/namespaces/shop/pods",
        "SECONDS": "60",
        **changed,
    }
    password = {"name": "HARBOR_PASSWORD", "valueFrom": {"secretKeyRef": {"name": admin, "key": "password"}}}
    mounts = [{"name": "puller", "mountPath": "/robots/puller"}]
    env = [*({"name": name, "value": value} for name, value in plain.items()), password]
    volumes = [{"name": "puller", "secret": {"secretName": f"registry-puller-{mounted}"}}]
    number = len(list(kube.cluster.each("batch/Job")))
    more = {"volumes": volumes, "mounts": mounts, "serviceAccountName": "content"}
    kube.probe("harbor_content", f"content-{number}", "shop", env, **more)


def test_what_is_declared_is_there_afterwards(kube_with_harbor: Bench) -> None:
    reconcile(kube_with_harbor, DECLARED)
    project = kube_with_harbor.world.get(PROJECTS, "shop") or {}
    assert project["members"] == {"people": 2}, "the group with the role of a developer"
    robot = kube_with_harbor.world.get(ROBOTS, "robot$puller") or {}
    assert robot["password"] == "Puller0Password", "that of its Secret"


def test_the_schedule_of_the_garbage_collection_holds_the_url_that_core_has(kube_with_harbor: Bench) -> None:
    reconcile(kube_with_harbor, DECLARED)
    assert kube_with_harbor.world.get(SCHEDULES, "gc") == {"redis_url_reg": URL}, "with the password of that time"


def test_a_secret_of_another_generation_is_waited_for(kube_with_harbor: Bench) -> None:
    with refuses("the Secret valkey is of valkey/harbor=1 yet"):
        reconcile(kube_with_harbor, DECLARED, VALKEY_GENERATIONS="valkey/harbor=2")


def test_the_account_of_the_job_may_look_at_that_secret_alone(kube_with_harbor: Bench) -> None:
    with refuses("content cannot get secrets"):
        reconcile(kube_with_harbor, DECLARED, VALKEY_SECRET="/api/v1/namespaces/shop/secrets/admin")


def test_another_password_is_refused(kube_with_harbor: Bench) -> None:
    with refuses("answered 401"):
        reconcile(kube_with_harbor, DECLARED, admin="other")


def test_a_password_of_another_generation_is_waited_for(kube_with_harbor: Bench) -> None:
    with refuses("still generation 1"):
        reconcile(kube_with_harbor, DECLARED, generation=2)
    login(kube_with_harbor, generation=2)
    reconcile(kube_with_harbor, DECLARED, mounted=2, generation=2)


def test_a_secret_for_another_host_is_no_login(kube_with_harbor: Bench) -> None:
    login(kube_with_harbor, generation=2, host="registry.elsewhere")
    with refuses("holds no login"):
        reconcile(kube_with_harbor, DECLARED, mounted=2, generation=2)


def test_a_cache_of_a_registry_that_is_not_there_is_refused(kube_with_harbor: Bench) -> None:
    with refuses("needs the registry hub"):
        reconcile(kube_with_harbor, {**DECLARED, "registries": {}})


def test_a_robot_for_a_project_that_is_not_there_is_refused(kube_with_harbor: Bench) -> None:
    with refuses("project shop not found"):
        reconcile(kube_with_harbor, {"robots": DECLARED["robots"]})


def test_a_removed_project_goes_when_it_is_empty(kube_with_harbor: Bench) -> None:
    reconcile(kube_with_harbor, DECLARED)
    reconcile(kube_with_harbor, {"removed": {"projects": ["shop"], "robots": ["puller"]}})
    assert kube_with_harbor.world.get(PROJECTS, "shop") is None, "it was named"
    assert kube_with_harbor.world.get(PROJECTS, "cache") is not None, "this one was not"


def test_a_removed_project_with_images_stays(kube_with_harbor: Bench) -> None:
    kube_with_harbor.world.put(PROJECTS, "shop", {"images": ["shop/api"]})
    with refuses("contains repositories"):
        reconcile(kube_with_harbor, {"removed": {"projects": ["shop"]}})


def test_the_secret_of_a_robot_is_a_login_for_every_client() -> None:
    values = {"username": "robot$puller", "password": "Puller0Password"}
    text = render(pull_secret.template(HOST, 1)[pull_secret.CONFIGURATION], values)
    auth = "cm9ib3QkcHVsbGVyOlB1bGxlcjBQYXNzd29yZA=="
    assert json.loads(text) == {"auths": {HOST: {**values, "auth": auth}}}, "name and password, and both in base64"
