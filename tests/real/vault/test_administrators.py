"""People who manage Vault: they can, and there is what even they cannot do."""

import gzip

import pytest

from tests.real.vault.api import Api
from tests.real.vault.paths import beyond_default
from tests.real.vault.site import Site

TESTED = {"external-secrets", "certificate-issuer", "backup", "own-folder", "administrator"}


@pytest.fixture
def administrator(site: Site) -> Api:
    return site.as_person("grace", "vault-admins")


def test_every_policy_of_the_program_has_its_tests_here(site: Site) -> None:
    declared = {one.get("name") for one in site.program.of_type("vault:index/policy:Policy")}
    assert declared == TESTED, "a policy without a test against Vault is a guess"
    assert set(site.root.expect("LIST", "sys/policies/acl").data["keys"]) == declared | {"default", "root"}, "no other"


def test_they_manage_engines_logins_policies_and_people(administrator: Api) -> None:
    for method, path, body in (
        ("POST", "sys/mounts/notes", {"type": "kv", "options": {"version": "2"}}),
        ("POST", "sys/mounts/notes/tune", {"description": "of the administrators"}),
        ("DELETE", "sys/mounts/notes", None),
        ("POST", "sys/auth/robots", {"type": "approle"}),
        ("POST", "auth/robots/role/one", {"token_policies": ["default"]}),
        ("DELETE", "sys/auth/robots", None),
        ("POST", "sys/policies/acl/notes", {"policy": 'path "notes/*" { capabilities = ["read"] }'}),
        ("DELETE", "sys/policies/acl/notes", None),
        ("POST", "identity/group/name/readers", {"policies": ["default"]}),
        ("DELETE", "identity/group/name/readers", None),
        ("GET", "sys/mounts", None),
        ("GET", "sys/auth", None),
        ("GET", "sys/audit", None),
        ("GET", "sys/metrics?format=prometheus", None),
        ("GET", "sys/storage/raft/configuration", None),
        ("LIST", "sys/leases/lookup/auth/oidc/login", None),
        ("LIST", "auth/token/accessors", None),
        ("LIST", "kv/metadata/platform", None),
        ("GET", "kv/metadata/platform/gitea/admin", None),
    ):
        answer = administrator.ask(method, path, body)
        assert answer.status in (200, 204, 404), f"{method} {path}: {answer.status} {answer.body}"
        assert answer.status != 404 or "leases" in path, f"{method} {path} is there"


def test_they_take_snapshots_which_are_encrypted(site: Site, administrator: Api) -> None:
    snapshot = gzip.decompress(administrator.expect("GET", "sys/storage/raft/snapshot").content)
    secret = site.root.read("kv/data/platform/gitea/admin")["data"]["password"]
    assert len(snapshot) > 10_000, "the whole storage"
    assert secret.encode() not in snapshot, "and no value in it can be read"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "kv/data/platform/gitea/admin"),
        ("POST", "kv/data/platform/gitea/admin"),
        ("PATCH", "kv/data/platform/gitea/admin"),
        ("DELETE", "kv/data/platform/gitea/admin"),
        ("GET", "kv/subkeys/platform/gitea/admin"),
        ("POST", "kv/delete/platform/gitea/admin"),
        ("PUT", "kv/destroy/platform/gitea/admin"),
        ("DELETE", "kv/metadata/platform/gitea/admin"),
        ("POST", "kv/metadata/platform/gitea/admin"),
        ("POST", "sys/audit/second"),
        ("DELETE", "sys/audit/file"),
        ("POST", "sys/seal"),
        ("POST", "sys/step-down"),
        ("POST", "sys/rotate"),
        ("POST", "sys/storage/raft/snapshot"),
        ("POST", "sys/storage/raft/snapshot-force"),
        ("POST", "sys/storage/raft/remove-peer"),
        ("POST", "sys/config/cors"),
        ("GET", "sys/config/state/sanitized"),
        ("GET", "sys/raw/core/keyring"),
        ("GET", "sys/key-status"),
        ("POST", "sys/plugins/catalog/secret/evil"),
    ],
)
def test_not_the_platforms_values_nor_the_audit_log_nor_the_keys(administrator: Api, method: str, path: str) -> None:
    body = None if method == "GET" else {"data": {"a": "b"}, "versions": [1], "type": "file", "server_id": "vault-0"}
    answer = administrator.ask(method, path, body)
    assert answer.status == 403, f"{method} {path}: {answer.status} {answer.body}"


def test_they_cannot_make_themselves_root(administrator: Api) -> None:
    for path in ("auth/token/create", "auth/token/create-orphan"):
        answer = administrator.ask("POST", path, {"policies": ["root"]})
        assert answer.status in (400, 403), f"{path}: {answer.status}"
        assert not answer.body.get("auth"), "no root token"


def test_who_takes_more_by_a_new_policy_is_in_the_audit_log(site: Site, administrator: Api) -> None:
    policy = 'path "kv/data/platform/*" { capabilities = ["read"] }'
    administrator.expect("POST", "sys/policies/acl/curious", {"policy": policy})
    made = administrator.expect("POST", "auth/token/create", {"policies": ["curious"], "no_parent": True}).body["auth"]
    assert administrator.using(made["client_token"]).ask("GET", "kv/data/platform/gitea/admin").status == 200, (
        "who manages policies can grant anything; this is a limit of the role, not a hole in it"
    )
    acts = {
        (entry["request"]["operation"], entry["request"]["path"], entry.get("auth", {}).get("display_name"))
        for entry in site.server.audit_log()
    }
    assert ("update", "sys/policies/acl/curious", "oidc-grace") in acts, "but everybody can see who did"
    administrator.expect("DELETE", "sys/policies/acl/curious")


def test_all_they_have_beyond_the_default_policy_is_managing(site: Site, administrator: Api) -> None:
    found = beyond_default(site.root, administrator, "kv/data/platform/gitea/admin", "kv/data/people/ada/mail")
    managed = ("auth/", "sys/auth", "sys/leases/", "sys/mounts", "sys/policies/", "identity/", "sys/remount")
    certificates = {path: rights for path, rights in found.items() if path.startswith("pki/")}
    read = {path for path, rights in certificates.items() if rights == {"read"}}
    assert {path for path in read if not path.startswith("pki/cert/")} == set(), "issued certificates are public"
    assert {path: rights for path, rights in certificates.items() if path not in read} == {
        "pki/certs/": {"list"},
        "pki/revoke": {"update"},
    }, "they find and revoke them, and sign none"
    reading = {path: found[path] for path in found if not path.startswith(managed) and path not in certificates}
    assert reading == {
        "kv/metadata/sample": {"read", "list"},
        "kv/metadata/sample/": {"read", "list"},
        "sys/audit": {"read", "list", "sudo"},
        "sys/health": {"read"},
        "sys/metrics": {"read"},
        "sys/storage/raft/configuration": {"read"},
        "sys/storage/raft/snapshot": {"read"},
    }, "outside of what they manage they only look"
