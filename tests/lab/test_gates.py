"""A gate opens on what it asks for alone: a Job with a fault planted in it must not succeed on the lab."""

import json
from typing import Any

import pytest

from components import probe
from declarations.login_checks import LoginCheck, gitea_login, leads_to_login
from declarations.oidc import GITEA_SOURCE, OidcApplication
from lab.providers.authentik import identity
from lab.providers.errors import InitFailedError
from lab.providers.talos.nodes import NODES
from tests.lab.authentik_server import HOST, with_authentik
from tests.lab.bench import Bench, container, job, pod, refuses
from tests.lab.platforms import initialise, with_vault_server

GIT = "git.example"
NODE = "/api/v1/nodes/{}=Ready"
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}=Established"
APPLICATION = OidcApplication(
    slug="gitea",
    name="Gitea",
    auth_host=HOST,
    redirect_uris=(f"https://{GIT}/user/oauth2/{GITEA_SOURCE}/callback",),
    groups=("people",),
    launch_url=f"https://{GIT}/",
)
CHECKS = (
    LoginCheck(url=f"https://{GIT}/user/login", body="sign in"),
    leads_to_login(gitea_login(GIT), APPLICATION),
)


def variables(**values: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_a_container_that_nobody_knows_proves_nothing(kube: Bench) -> None:
    with refuses("the lab does not know what this does: busybox true", InitFailedError):
        kube.object("batch/v1", "Job", "other", "shop", spec=job(pod(container(image="busybox", command=["true"]))))


def test_a_script_that_is_none_of_the_program_proves_nothing(kube: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "script", lambda name: f"print('{name}')")
    with refuses("the lab knows the scripts of scripts/ and no other", InitFailedError):
        kube.probe("storage", "other", "shop", [])


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"VOLUMES": "/volume", "MEBIBYTES": "1"}, "KeyError: 'VOLUME'"),
        ({"VOLUME": "/volume"}, "KeyError: 'MEBIBYTES'"),
    ],
)
def test_the_variables_of_a_gate_are_those_of_its_script(kube: Bench, given: dict[str, str], word: str) -> None:
    with refuses(word, InitFailedError):
        kube.probe("storage", "gate", "shop", variables(**given))


def test_the_gate_of_storage_needs_a_volume_that_somebody_provides(kube: Bench) -> None:
    env = variables(VOLUME="/volume", MEBIBYTES="1")
    with refuses("/volume: is no mounted volume", InitFailedError):
        kube.probe("storage", "bare", "shop", env)
    mounts = [{"name": "data", "mountPath": "/volume"}]
    claim = {
        "storageClassName": "fast",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    volumes = [{"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": claim}}}]
    with refuses('"fast" not found', InitFailedError):
        kube.probe("storage", "early", "shop", env, mounts=mounts, volumes=volumes)
    kube.object("storage.k8s.io/v1", "StorageClass", "fast", provisioner="example.com/csi")
    kube.probe("storage", "late", "shop", env, mounts=mounts, volumes=volumes)


def test_the_gate_of_vault_opens_once_it_is_unsealed_and_its_keys_are_stored(kube: Bench) -> None:
    with_vault_server(kube)
    env = variables(
        VAULT_ADDRS="https://vault-0.vault-internal:8200", KEYS_DIRECTORY="/keys", KEYS="vault-root,vault-unseal-0",
        STEADY_SECONDS="9", SECONDS="60"
    )  # fmt: skip
    keys = {"name": "keys", "secret": {"secretName": "vault-keys", "optional": True}}
    more: dict[str, Any] = {"volumes": [keys], "mounts": [{"name": "keys", "mountPath": "/keys"}]}
    kube.probe(
        "vault_listening",
        "listening",
        "vault",
        variables(VAULT_ADDR="https://vault-0.vault-internal:8200", SECONDS="9"),
    )
    with refuses("no vault-root and no vault-unseal-0 yet; .* is not initialised", InitFailedError):
        kube.probe("vault_unsealed", "early", "vault", env, **more)
    initialise(kube)
    kube.probe("vault_unsealed", "right", "vault", env, **more)
    kube.site.faults.stage("Vault", "vault", "never-ready")
    with refuses("vault-0.vault-internal:8200 is sealed", InitFailedError):
        kube.probe("vault_unsealed", "sealed", "vault", env, **more)
    kube.cluster.remove("Secret", "vault", "vault-keys")
    with refuses("no vault-root .*keys are lost", InitFailedError):
        kube.probe("vault_unsealed", "lost", "vault", env, **more)


def watch(kube: Bench, name: str, *objects: str) -> None:
    env = variables(OBJECTS=",".join(objects), SECONDS_TO_WAIT="60")
    kube.probe("conditions", name, "shop", env, serviceAccountName="watcher")


def test_the_gate_of_the_network_looks_at_nodes_and_definitions_by_name(kube: Bench) -> None:
    pools, rbac = "ciliumloadbalancerippools.cilium.io", "rbac.authorization.k8s.io"
    kube.world.put(NODES, "192.0.2.11", {"name": "worker0", "config": {"machine": {"type": "worker"}, "cluster": {}}})
    kube.object("v1", "ServiceAccount", "watcher", "shop")
    with refuses("403: Forbidden", InitFailedError):
        watch(kube, "nobody", NODE.format("worker0"))
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}]
    kube.object(f"{rbac}/v1", "ClusterRole", "watcher", rules=rules)
    reference = {"apiGroup": rbac, "kind": "ClusterRole", "name": "watcher"}
    subjects = [{"kind": "ServiceAccount", "name": "watcher", "namespace": "shop"}]
    kube.object(f"{rbac}/v1", "ClusterRoleBinding", "watcher", roleRef=reference, subjects=subjects)
    with refuses("nodes/worker9: does not exist", InitFailedError):
        watch(kube, "other-node", NODE.format("worker0"), NODE.format("worker9"))
    with refuses(f"{pools}: does not exist", InitFailedError):
        watch(kube, "early", NODE.format("worker0"), DEFINITION.format(pools))
    kube.release("cilium", "kube-system")
    watch(kube, "late", NODE.format("worker0"), DEFINITION.format(pools))
    template = pod(container(), restartPolicy="Always")
    template["metadata"] = {"labels": {"app": "web"}}
    running = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    web = "/apis/apps/v1/namespaces/shop/deployments/web=Available"
    with refuses("deployments/web: does not exist", InitFailedError):
        watch(kube, "no-deployment", web)
    kube.object("apps/v1", "Deployment", "web", "shop", spec=running)
    watch(kube, "deployment", web)
    with refuses("has no condition Redy yet", InitFailedError):
        watch(kube, "misspelt", NODE.format("worker0").replace("Ready", "Redy"))


@pytest.fixture
def git(kube: Bench) -> Bench:
    """Gitea with its login source, and its client in Authentik."""
    with_authentik(kube)
    source = {"name": "login-source", "env": variables(SOURCE=GITEA_SOURCE)}
    ingress = {"enabled": True, "className": "traefik", "hosts": [{"host": GIT, "paths": [{"path": "/"}]}]}
    kube.release("gitea", "shop", {"ingress": ingress, "extraInitContainers": [source]})
    client = {"client_id": APPLICATION.client_id, "redirect_uris": list(APPLICATION.redirect_uris)}
    made = {"authentik_providers_oauth2.oauth2provider": ["gitea"]}
    kube.world.put(
        identity.APPLIED, "gitea", {"hash": "", "made": made, "context": "{}", "providers": {"gitea": client}}
    )
    return kube


def ask(git: Bench, name: str, old: str = "", new: str = "") -> None:
    checks = json.dumps(list(CHECKS))
    git.probe("login_offered", name, "shop", variables(CHECKS=checks.replace(old, new), SECONDS="60"))


def test_the_gate_of_a_login_opens_where_the_login_leads_to_its_client(git: Bench) -> None:
    ask(git, "right")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('"location"', '"locaton"', "one of body and location"),
        ("/user/login", "/user/logins", "user/logins: answered 404"),
        (f'oauth2/{GITEA_SOURCE}", "location"', 'oauth2/authentick", "location"', "leads to nowhere"),
        ("client_id=gitea", "client_id=gitee", "leads to no login"),
        ("callback", "calback", "leads to no login"),
        (GIT, "got.example", "got.example.*404"),
    ],
)
def test_a_misspelt_check_of_a_login_keeps_its_gate_shut(git: Bench, old: str, new: str, word: str) -> None:
    with refuses(word, InitFailedError):
        ask(git, "wrong", old, new)
