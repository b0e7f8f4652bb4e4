"""External Secrets, logged in as its store says: it reads what the platform declared, and nothing else at all."""

from typing import Any

import pytest

from tests.real.vault.api import Api
from tests.real.vault.paths import granted
from tests.real.vault.site import Site, declared

OTHER = "kv/data/people/eve/mail"


@pytest.fixture
def store(site: Site) -> dict[str, Any]:
    """How the ClusterSecretStore reaches Vault."""
    found: dict[str, Any] = site.program.one("kubernetes:external-secrets.io/v1:ClusterSecretStore").get(
        "spec", "provider", "vault"
    )
    return found


@pytest.fixture
def operator(site: Site, store: dict[str, Any]) -> Api:
    """The client that the operator makes of the store."""
    login = store["auth"]["kubernetes"]
    account = login["serviceAccountRef"]
    token = site.api_server.token(account["namespace"], account["name"], account["audiences"])
    body = {"role": login["role"], "jwt": token}
    answer = site.visitor.expect("POST", f"auth/{login['mountPath']}/login", body)
    return site.root.using(answer.body["auth"]["client_token"])


def test_the_store_becomes_ready_because_the_token_may_be_looked_up(operator: Api) -> None:
    found = operator.read("auth/token/lookup-self")
    assert found["type"] == "service", "the operator asks for the type"
    assert found["ttl"] > 60, "takes a token that ends within a minute for none"
    assert found["expire_time"], "and reads when it ends"


def test_a_token_is_given_back_after_use(operator: Api) -> None:
    operator.expect("POST", "auth/token/revoke-self")
    assert operator.ask("GET", "auth/token/lookup-self").status == 403, "it opens nothing any more"


def test_every_declared_secret_is_read_with_all_its_fields(site: Site, operator: Api, store: dict[str, Any]) -> None:
    secrets = declared(site.program)
    assert secrets, "the program writes secrets"
    for path, fields in secrets.items():
        assert operator.read(f"{store['path']}/data/{path}")["data"] == fields, f"{path} comes as it was written"


def test_every_external_secret_finds_what_it_asks_for(site: Site, operator: Api, store: dict[str, Any]) -> None:
    wanted = site.program.of_type("kubernetes:external-secrets.io/v1:ExternalSecret")
    assert wanted, "the program declares ExternalSecrets"
    for one in wanted:
        for entry in one.get("spec", "data"):
            reference = entry["remoteRef"]
            found = operator.read(f"{store['path']}/data/{reference['key']}")["data"]
            assert found.get(reference["property"]), f"{one} asks {reference['key']} for {reference['property']}"


@pytest.mark.parametrize(
    "path",
    [
        "kv/metadata/?list=true",
        "kv/metadata/platform?list=true",
        "kv/metadata/platform/authentik?list=true",
        "kv/metadata/platform/authentik/server",
        "kv/subkeys/platform/authentik/server",
        "kv/data/platform",
        "kv/data/platform2/secret",
        "kv/config",
        OTHER,
        "cubbyhole/mine",
        "other/data/platform/authentik/server",
        "sys/mounts",
        "sys/auth",
        "sys/policies/acl/external-secrets",
        "sys/audit",
        "sys/storage/raft/snapshot",
        "sys/capabilities-self",
        "auth/kubernetes/role/external-secrets",
        "auth/token/accessors?list=true",
        "identity/entity/id?list=true",
    ],
)
def test_it_can_neither_list_nor_read_anything_else(site: Site, operator: Api, path: str) -> None:
    site.root.expect("POST", OTHER, {"data": {"password": "of a person"}})
    assert operator.ask("GET", path).status == 403, f"{path} is none of its business"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "kv/data/platform/authentik/server"),
        ("PATCH", "kv/data/platform/authentik/server"),
        ("DELETE", "kv/data/platform/authentik/server"),
        ("POST", "kv/delete/platform/authentik/server"),
        ("POST", "kv/undelete/platform/authentik/server"),
        ("PUT", "kv/destroy/platform/authentik/server"),
        ("POST", "kv/metadata/platform/authentik/server"),
        ("DELETE", "kv/metadata/platform/authentik/server"),
        ("POST", "kv/data/platform/new"),
        ("POST", "kv/config"),
        ("POST", "auth/token/create"),
        ("POST", "auth/token/create-orphan"),
        ("POST", "auth/token/renew-self"),
        ("POST", "auth/kubernetes/role/external-secrets"),
        ("POST", "sys/policies/acl/external-secrets"),
        ("POST", "sys/mounts/other"),
        ("POST", "sys/seal"),
        ("DELETE", "sys/audit/file"),
    ],
)
def test_it_can_change_nothing(operator: Api, method: str, path: str) -> None:
    answer = operator.ask(method, path, {"data": {"a": "b"}, "versions": [1]})
    assert answer.status == 403, f"{method} {path}: only this program writes"


@pytest.mark.failure("root-token-for-daily-use")
def test_of_all_paths_that_vault_serves_only_three_are_open_to_it(site: Site, operator: Api) -> None:
    sample = "kv/data/platform/authentik/server"
    assert granted(site.root, operator, sample) == {
        sample: {"read"},
        "auth/token/lookup-self": {"read"},
        "auth/token/revoke-self": {"update"},
    }, "as Vault itself judges every path of every engine and login"
