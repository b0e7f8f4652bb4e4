"""A gate opens on what it asks for alone: a Job with a fault planted in it must not succeed on the lab."""

import hashlib
import json
from types import ModuleType
from typing import Any

import pytest

from components import script_job
from components.gitea.login import SOURCE as GITEA_SOURCE
from declarations.login_checks import LoginCheck, leads_to_login
from declarations.oidc import OidcApplication
from lab.providers.authentik import identity
from lab.providers.errors import InitFailedError
from lab.providers.kubernetes.cluster import RELEASES
from lab.providers.talos import pki
from lab.providers.talos.nodes import NODES
from lib import pod_scripts
from tests.lab.authentik_server import HOST, PATH, ROW, TEXT, with_authentik
from tests.lab.bench import Bench, container, job, pod, refuses
from tests.lab.platforms import initialise, with_certificates, with_vault_server

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
    LoginCheck(url=f"https://{GIT}/user/login", body=f'href="/user/oauth2/{GITEA_SOURCE}["?]'),
    leads_to_login(f"https://{GIT}/user/oauth2/{GITEA_SOURCE}", APPLICATION),
)


def variables(**values: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_a_container_that_nobody_knows_proves_nothing(kube: Bench) -> None:
    with refuses("the lab does not know what this does: busybox true", InitFailedError):
        kube.object("batch/v1", "Job", "other", "shop", spec=job(pod(container(image="busybox", command=["true"]))))


@pytest.mark.parametrize("module", [pod_scripts, script_job])
def test_a_script_or_module_that_is_none_of_the_program_proves_nothing(
    kube: Bench, monkeypatch: pytest.MonkeyPatch, module: ModuleType
) -> None:
    monkeypatch.setattr(module, "script", lambda name: f"print('{name}')")
    with refuses("the lab knows the scripts of scripts/ and no other", InitFailedError):
        kube.probe("storage", "other", "shop", [])


def test_the_variables_of_a_gate_are_those_of_its_script(kube: Bench) -> None:
    with refuses("KeyError: 'VOLUME'", InitFailedError):
        kube.probe("storage", "gate", "shop", variables(VOLUMES="/volume", MEBIBYTES="1"))


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
    env = variables(OBJECTS=",".join(objects), SECONDS="60")
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
    source = {
        "SOURCE": GITEA_SOURCE,
        "DISCOVERY_URL": f"{APPLICATION.issuer}.well-known/openid-configuration",
        "CLIENT_ID": APPLICATION.client_id,
        "CLIENT_SECRET": "s3cret",
    }
    steps = [{"name": "login-source", "env": variables(**source)}]
    ingress = {"enabled": True, "className": "traefik", "hosts": [{"host": GIT, "paths": [{"path": "/"}]}]}
    config = {"server": {"ROOT_URL": f"https://{GIT}/"}}
    kube.release("gitea", "shop", {"ingress": ingress, "postExtraInitContainers": steps, "gitea": {"config": config}})
    text = TEXT.replace("web", "gitea")
    for old, new in (
        ("https://gitea.example/callback", APPLICATION.redirect_uris[0]),
        ("/secrets/gitea", "/secrets/web"),
    ):
        text = text.replace(old, new)
    with kube.world.transaction():
        release = identity.server(kube.cluster, f"https://{HOST}")
        assert identity.apply_row(kube.cluster, release, {"name": "gitea", "content": text}) == "successful"
    return kube


def ask(git: Bench, name: str) -> None:
    git.probe("login_offered", name, "shop", variables(CHECKS=json.dumps(list(CHECKS)), SECONDS="60"))


def test_the_gate_of_a_login_opens_where_the_login_leads_to_its_client(git: Bench) -> None:
    ask(git, "right")


def test_a_service_that_does_not_reach_authentik_offers_no_login(git: Bench) -> None:
    release = git.world.table(RELEASES)["shop/authentik"]
    git.world.put(RELEASES, "shop/authentik", {**release, "running": False})
    with refuses(f"oauth2/{GITEA_SOURCE}: answered 500", InitFailedError):
        ask(git, "alone")


def test_a_certificate_of_another_authority_than_the_mounted_one_is_not_trusted(git: Bench) -> None:
    with_certificates(git)
    own = pki.authority("gates", "ca")
    pair = {"tls.crt": own.certificate, "tls.key": own.key}
    git.object("v1", "Secret", "ca", "cert-manager", type="kubernetes.io/tls", stringData=pair)
    git.object("cert-manager.io/v1", "ClusterIssuer", "ca", spec={"ca": {"secretName": "ca"}})
    issued = {"secretName": "git-tls", "dnsNames": [GIT, HOST], "issuerRef": {"kind": "ClusterIssuer", "name": "ca"}}
    git.object("cert-manager.io/v1", "Certificate", "git", "shop", spec=issued)
    with refuses("user/login: not reached .*certificate verify failed", InitFailedError):
        ask(git, "stranger")
    git.authority = own.certificate
    ask(git, "trusted")


def discovery(git: Bench, name: str, **changed: str) -> None:
    given = {
        "ISSUER": APPLICATION.issuer,
        "DISCOVERY_URL": f"{APPLICATION.issuer}.well-known/openid-configuration",
        "CLIENT_ID": APPLICATION.client_id,
        "REDIRECT_URIS": "\n".join(APPLICATION.redirect_uris),
        "SECONDS": "60",
        **changed,
    }
    git.probe("discovery", name, "shop", variables(**given))


def test_the_gate_of_an_application_wants_a_client_with_these_redirect_uris(git: Bench) -> None:
    discovery(git, "right")
    with refuses("cannot start: 400", InitFailedError):
        discovery(git, "another", CLIENT_ID="gitee")
    with refuses("a login to https://git.example/elsewhere cannot start", InitFailedError):
        discovery(git, "elsewhere", REDIRECT_URIS=f"https://{GIT}/elsewhere")


def blueprint(kube: Bench, script: str, name: str, **changed: str) -> None:
    """One of the two gates of the blueprint in the worker, with the secret that it reads."""
    given = {
        "AUTHENTIK_URL": f"https://{HOST}",
        "AUTHENTIK_TOKEN": "the-token",
        "BLUEPRINT_PATH": PATH,
        "BLUEPRINT_FILE": "/blueprint/web.yaml",
        "BLUEPRINT_SHA512": hashlib.sha512(TEXT.encode()).hexdigest(),
        "SECRET_FILE": "/secret/web",
        "SECRET_GENERATION_FILE": "/secret/generation",
        "SECRET_GENERATION": "1",
        "CLIENT_ID": "web",
        "REDIRECT_URI": "https://web.example/callback",
        "SECONDS": "60",
        **changed,
    }
    volumes = [{"name": "text", "configMap": {"name": "web"}}, {"name": "secret", "secret": {"secretName": "mounted"}}]
    mounts = [{"name": "text", "mountPath": "/blueprint"}, {"name": "secret", "mountPath": "/secret"}]
    kube.probe(script, name, "shop", variables(**given), volumes=volumes, mounts=mounts)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"AUTHENTIK_TOKEN": "another"}, "answers 403"),
        ({"BLUEPRINT_ID": "0"}, "the row is gone, run a refresh"),
        ({"REDIRECT_URI": "https://web.example/elsewhere"}, "the token endpoint says invalid_client"),
        ({"CLIENT_ID": "other"}, "the token endpoint says invalid_client"),
    ],
)
def test_the_gate_of_a_blueprint_wants_its_text_its_row_and_its_secret(
    kube: Bench, changed: dict[str, str], word: str
) -> None:
    with_authentik(kube)
    kube.object("v1", "Secret", "mounted", "shop", stringData={"web": "s3cret", "generation": "1"})
    blueprint(kube, "blueprint_visible", "visible")
    with refuses("the worker does not see mounted/cm-other/web.yaml yet", InitFailedError):
        blueprint(kube, "blueprint_visible", "elsewhere", BLUEPRINT_PATH="mounted/cm-other/web.yaml")
    row = kube.create(ROW, {"name": "web", "path": PATH}).identifier
    blueprint(kube, "blueprint_apply", "applied", BLUEPRINT_ID=row)
    with refuses(word, InitFailedError):
        blueprint(kube, "blueprint_apply", "wrong", **{"BLUEPRINT_ID": row, **changed})


def test_a_client_secret_that_the_worker_read_before_it_was_renewed_keeps_the_gate_shut(kube: Bench) -> None:
    with_authentik(kube)
    kube.object("v1", "Secret", "mounted", "shop", stringData={"web": "an3w", "generation": "2"})
    row = kube.create(ROW, {"name": "web", "path": PATH}).identifier
    with refuses("the worker may have read the client secret before it was renewed", InitFailedError):
        blueprint(kube, "blueprint_apply", "stale", BLUEPRINT_ID=row, SECRET_GENERATION="2")
