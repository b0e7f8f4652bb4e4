"""The simulated Vault: initialised by its Job, unsealed by its sidecar, strict about tokens, mounts and roles."""

import pytest

from lab.providers.errors import InitFailedError
from lab.providers.vault.api import allows, parse_policy
from tests.lab.bench import Bench, refuses
from tests.lab.platforms import VAULT_URL, initialise, root_token, with_kv, with_vault, with_vault_server

MOUNT = "vault:index/mount:Mount"
SECRET = "vault:kv/secretV2:SecretV2"
POLICY = "vault:index/policy:Policy"
AUTH = "vault:index/authBackend:AuthBackend"
ROLE = "vault:kubernetes/authBackendRole:AuthBackendRole"
JWT = "vault:jwt/authBackend:AuthBackend"
KV = {"path": "kv", "type": "kv", "options": {"version": "2"}}


def test_the_initialisation_leaves_root_token_and_unseal_key_in_the_secret(kube: Bench) -> None:
    with_vault_server(kube)
    initialise(kube)
    secret = kube.cluster.look("Secret", "vault", "vault-keys")
    assert secret is not None, "the Job writes it"
    assert set(secret["data"]) >= {"vault-root", "vault-unseal-0"}, "both keys are needed later"


def test_without_the_right_to_update_the_secret_nothing_is_initialised(kube: Bench) -> None:
    with_vault_server(kube)
    with refuses('secrets "vault-keys" is forbidden.*cannot create resource', InitFailedError):
        initialise(kube, verbs=("get", "update"))
    server = kube.world.get("vault/servers", "vault/vault")
    assert server is not None, "Vault runs"
    assert not server["initialized"], "bank-vaults looks before it initialises"


def test_an_initialised_vault_is_not_initialised_again(kube: Bench) -> None:
    with_vault_server(kube)
    initialise(kube)
    token = root_token(kube)
    kube.cluster.remove("Secret", "vault", "vault-keys")
    initialise(kube, name="again")
    assert not kube.cluster.exists("Secret", "vault", "vault-keys"), "the Job succeeds and stores no key"
    assert token, "the first token was a real one"


def test_the_api_is_refused_before_vault_is_reachable(kube: Bench) -> None:
    kube.configure("vault", address=VAULT_URL, token="hvs.none")
    with refuses("dial tcp 192.0.2.20:8200: connect: no route to host"):
        kube.create(MOUNT, KV)
    kube.configure("vault", token="hvs.none")
    with refuses("no address is set"):
        kube.create(MOUNT, KV)


def test_a_sealed_vault_answers_503(kube: Bench) -> None:
    with_vault_server(kube, sidecar=False)
    initialise(kube)
    kube.configure("vault", address=VAULT_URL, token=root_token(kube))
    metadata = {"annotations": {"lbipam.cilium.io/ips": "192.0.2.20", "pulumi.com/skipAwait": "true"}}
    spec = {"type": "LoadBalancer", "selector": {"app.kubernetes.io/instance": "vault"}, "ports": [{"port": 8200}]}
    kube.object("v1", "Service", "api", "vault", spec=spec, metadata=metadata)
    with refuses("Code: 503.*Vault is sealed"):
        kube.create(MOUNT, KV)


def test_another_token_is_denied(kube: Bench) -> None:
    with_vault(kube)
    kube.configure("vault", address=VAULT_URL, token="hvs.wrong")
    with refuses("Code: 403.*permission denied"):
        kube.create(MOUNT, KV)


@pytest.mark.parametrize(("asked", "lasts"), [({}, 1200), ({"maxLeaseTtlSeconds": "7200"}, 7200)])
def test_the_token_that_the_provider_makes_itself_lasts_so_long_and_no_longer(
    kube: Bench, asked: dict[str, str], lasts: float
) -> None:
    with_vault(kube)
    kube.configure("vault", address=VAULT_URL, token=root_token(kube), **asked)
    kube.create(MOUNT, KV)
    kube.site.clock.spend(lasts - 1)
    kube.create(MOUNT, {**KV, "path": "late"})
    kube.site.clock.spend(1)
    with refuses("403.*invalid token"):
        kube.create(MOUNT, {**KV, "path": "later"})


def test_a_secret_needs_its_engine(kube: Bench) -> None:
    with_vault(kube)
    with refuses("no handler for route"):
        kube.create(SECRET, {"mount": "kv", "name": "app", "dataJson": "{}"})
    kube.create(MOUNT, {"path": "kv", "type": "kv"})
    with refuses("Invalid path for a versioned K/V secrets engine"):
        kube.create(SECRET, {"mount": "kv", "name": "app", "dataJson": "{}"})


def test_a_secret_in_a_kv_engine_is_stored_under_its_data_path(kube: Bench) -> None:
    with_vault(kube)
    with_kv(kube, password="x")
    assert kube.read(SECRET, "kv/data/app") is not None, "that is the id of the import example"


def test_a_document_that_is_no_json_object_is_refused(kube: Bench) -> None:
    with_vault(kube)
    kube.create(MOUNT, KV)
    with refuses("dataJson is not valid JSON"):
        kube.create(SECRET, {"mount": "kv", "name": "app", "dataJson": "password"})


def test_a_path_is_mounted_once(kube: Bench) -> None:
    with_vault(kube)
    kube.create(MOUNT, KV)
    with refuses("path is already in use at kv/"):
        kube.create(MOUNT, KV, "second")


def test_a_role_needs_its_method_and_its_policies(kube: Bench) -> None:
    with_vault(kube)
    role = {"roleName": "app", "boundServiceAccountNames": ["app"], "tokenPolicies": ["app"]}
    with refuses('no handler for route "auth/kubernetes"'):
        kube.create(ROLE, role)
    kube.create(AUTH, {"type": "kubernetes"})
    with refuses('policy "app" does not exist'):
        kube.create(ROLE, role)
    kube.create(POLICY, {"name": "app", "policy": 'path "kv/data/app" { capabilities = ["read"] }'})
    assert kube.create(ROLE, role).identifier == "auth/kubernetes/role/app", "everything it names is there"


def test_a_policy_that_does_not_parse_is_refused(kube: Bench) -> None:
    with_vault(kube)
    with refuses("failed to parse policy"):
        kube.create(POLICY, {"name": "app", "policy": 'path "kv/data/app" { capabilities = ["read"]'})


def test_oidc_needs_a_discovery_url_that_answers(kube: Bench) -> None:
    with_vault(kube)
    issuer = "https://auth.example/application/o/vault/"
    inputs = {"type": "oidc", "oidcDiscoveryUrl": issuer, "oidcClientId": "vault", "oidcClientSecret": "x"}
    with refuses("error checking oidc discovery URL.*lookup auth.example: no such host"):
        kube.create(JWT, inputs)
    with refuses("both 'oidc_client_id' and 'oidc_client_secret' must be set"):
        kube.create(JWT, {**inputs, "oidcClientSecret": ""})


@pytest.mark.parametrize(
    ("token", "inputs", "reason"),
    [
        (MOUNT, {"type": "kv"}, "Missing required argument: The argument 'path' is required"),
        (MOUNT, {**KV, "pathh": "x"}, "Invalid or unknown key 'pathh'"),
        (MOUNT, {**KV, "max_lease_ttl_seconds": 1}, "did you mean 'maxLeaseTtlSeconds'"),
        (ROLE, {"roleName": "a", "boundServiceAccountNames": "app"}, "list required"),
        (SECRET, {"mount": "kv", "customMetadata": {"maxVersionss": 3}}, "Invalid or unknown key 'maxVersionss'"),
    ],
)
def test_inputs_are_checked_against_the_sdk(bench: Bench, token: str, inputs: dict[str, object], reason: str) -> None:
    with refuses(reason):
        bench.check(token, inputs)


def test_an_unknown_type_of_the_package_is_named(bench: Bench) -> None:
    with refuses("vault:aws/secretBackend:SecretBackend.*lab does not simulate it yet"):
        bench.resource("vault:aws/secretBackend:SecretBackend")
    with refuses("vault:index/nothing:Nothing.*no such type"):
        bench.resource("vault:index/nothing:Nothing")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("kv/data/app", True), ("kv/data/app/db", True), ("kv/data/other", False), ("kv/data/app/root", False)],
)
def test_the_most_specific_rule_decides(path: str, allowed: bool) -> None:
    rules = parse_policy(
        """
        # what the application may read
        path "kv/data/app*" { capabilities = ["read", "list"] }
        path "kv/data/+/root" { capabilities = ["deny"] }
        path "kv/data/app/root" { capabilities = ["deny"] }
        """
    )
    assert allows(rules, path, "read") is allowed, "as Vault's documentation orders its rules"
