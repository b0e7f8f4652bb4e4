"""People who log in through Authentik: who gets in, and that each has a folder of their own and nothing else."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doubles.authentik import Person
from doubles.authentik.jwt import Signer
from lib.images import VAULT
from tests.real.vault.paths import beyond_default
from tests.real.vault.site import OPENID, OPENID_ROLE, Site

USERS, ADMINISTRATORS = "vault-users", "vault-admins"
FOLDER = "kv/{}/people/ada/mail"


def test_the_authorization_url_asks_authentik_for_a_code_for_this_client(site: Site) -> None:
    role = site.program.one(OPENID_ROLE)
    issuer = site.program.one(OPENID).get("oidcDiscoveryUrl")
    for redirect_uri in role.get("allowedRedirectUris"):
        url = urlsplit(site.authorization_url(redirect_uri))
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        assert url.netloc == urlsplit(issuer).netloc, "at the public host of Authentik"
        assert (query["client_id"], query["redirect_uri"]) == (site.client.client_id, redirect_uri), "for Vault"
        assert query["response_type"] == "code", "the code flow, so no token travels in a URL"
        assert set(query["scope"].split()) == {"openid", *role.get("oidcScopes")}, "with the claims the role reads"


@pytest.mark.parametrize(
    "uri", ["https://evil.test/ui/vault/auth/oidc/oidc/callback", "http://localhost:8250/elsewhere"]
)
def test_there_is_no_url_for_another_redirect(site: Site, uri: str) -> None:
    assert site.authorization_url(uri) == "", "a code must not be carried elsewhere"


@pytest.mark.parametrize(
    ("groups", "policies"),
    [
        ([USERS], {"own-folder"}),
        ([ADMINISTRATORS], {"own-folder", "administrator"}),
        (["gitea-users", USERS, ADMINISTRATORS], {"own-folder", "administrator"}),
    ],
)
def test_the_groups_in_authentik_decide_about_the_policies(site: Site, groups: list[str], policies: set[str]) -> None:
    auth = site.person_login(Person("ada", tuple(groups))).body["auth"]
    assert auth["token_policies"] == ["default"], "a token by itself can renew and look itself up, no more"
    assert set(auth["identity_policies"]) == policies, "the rest comes from the groups of this login"


def test_who_leaves_a_group_loses_its_policies_at_the_next_login(site: Site) -> None:
    site.as_person("cleo", ADMINISTRATORS)
    auth = site.person_login(Person("cleo", (USERS,))).body["auth"]
    assert set(auth["identity_policies"]) == {"own-folder"}, "Vault keeps no group that Authentik no longer names"


@pytest.mark.parametrize(
    "groups", [(), ("gitea-admins",), ("vault-users2",), ("vault",), ("vault-users,vault-admins",)]
)
def test_who_is_in_neither_group_is_refused(site: Site, groups: tuple[str, ...]) -> None:
    answer = site.person_login(Person("eve", groups))
    assert answer.status == 400, f"Authentik let {groups} pass, Vault does not: {answer.body}"
    assert "error validating claims" in str(answer.body), "because of the claim"


@pytest.mark.parametrize(
    ("claims", "algorithm"),
    [
        ({"aud": "gitea"}, "RS256"),
        ({"iss": "https://auth.evil.test/application/o/vault/"}, "RS256"),
        ({"nonce": "of another login"}, "RS256"),
        ({"exp": int(time.time()) - 3600}, "RS256"),
        ({}, "HS256"),
        ({}, "none"),
    ],
    ids=["for another client", "of another issuer", "replayed", "expired", "symmetric", "unsigned"],
)
def test_an_id_token_that_is_not_right_is_refused(site: Site, claims: Mapping[str, Any], algorithm: str) -> None:
    answer = site.person_login(Person("ada", (USERS,), claims, algorithm=algorithm))
    assert answer.status == 400, f"{answer.body}"
    assert not answer.body.get("auth"), "and there is no token"


def test_an_id_token_signed_by_somebody_else_is_refused(site: Site) -> None:
    answer = site.person_login(Person("ada", (USERS,), signer=Signer("authentik")))
    assert answer.status == 400, f"the key is not Authentik's: {answer.body}"


def test_a_person_owns_every_operation_on_the_own_folder(site: Site) -> None:
    ada = site.as_person("ada", USERS)
    data, metadata = FOLDER.format("data"), FOLDER.format("metadata")
    for value in ("first", "second"):
        ada.expect("POST", data, {"data": {"password": value}})
    ada.expect("PATCH", data, {"data": {"user": "ada"}})
    assert ada.read(data)["data"] == {"password": "second", "user": "ada"}, "written, then patched"
    assert ada.read(f"{data}?version=1")["data"] == {"password": "first"}, "older versions too"
    ada.expect("POST", metadata, {"max_versions": 5})
    assert ada.read(metadata)["max_versions"] == 5, "its metadata"
    assert ada.expect("LIST", "kv/metadata/people/ada").data["keys"] == ["mail"], "what is in the folder"
    ada.expect("DELETE", data)
    ada.expect("POST", FOLDER.format("undelete"), {"versions": [3]})
    assert ada.read(data)["data"]["user"] == "ada", "brought back"
    ada.expect("PUT", FOLDER.format("destroy"), {"versions": [1]})
    assert ada.ask("GET", f"{data}?version=1").status == 404, "a version destroyed for good"
    ada.expect("POST", FOLDER.format("delete"), {"versions": [2]})
    ada.expect("DELETE", metadata)
    assert ada.ask("GET", data).status == 404, "and all of it removed"


@pytest.mark.parametrize("groups", [(USERS,), (USERS, ADMINISTRATORS)], ids=["user", "administrator"])
@pytest.mark.parametrize("other", ["bob", "ad", "adam", "ada2", "ada.b", "+", "*"])
def test_nobody_touches_the_folder_of_another(site: Site, groups: tuple[str, ...], other: str) -> None:
    ada = site.as_person("ada", *groups)
    path = f"people/{other}/mail"
    site.root.expect("POST", f"kv/data/{path}", {"data": {"password": f"of {other}"}})
    for method, operation in (
        ("GET", "data"),
        ("POST", "data"),
        ("PATCH", "data"),
        ("DELETE", "data"),
        ("POST", "delete"),
        ("POST", "undelete"),
        ("PUT", "destroy"),
        ("POST", "metadata"),
        ("DELETE", "metadata"),
        ("GET", "subkeys"),
    ):
        answer = ada.ask(method, f"kv/{operation}/{path}", None if method == "GET" else {"data": {}, "versions": [1]})
        assert answer.status == 403, f"{method} kv/{operation}/{path} is refused, not {answer.status}"


CLIMBING = pytest.mark.parametrize("climbing", ["ada/../bob", "ada/%2e%2e/bob", "ada/..%2fbob", "ada//../bob"])


@CLIMBING
def test_no_value_is_read_by_climbing_out_of_the_folder(site: Site, climbing: str) -> None:
    ada = site.as_person("ada", USERS)
    site.root.expect("POST", "kv/data/people/bob/diary", {"data": {"secret": "of bob"}})
    answer = ada.ask("GET", f"kv/data/people/{climbing}/diary")
    assert answer.status >= 400, f"{climbing}: {answer.status}"
    assert "of bob" not in str(answer.content), f"{climbing} reads what is another's"


@CLIMBING
def test_nothing_is_listed_or_removed_by_climbing_out_of_the_folder(site: Site, climbing: str) -> None:
    version = site.root.expect("GET", "sys/seal-status").body["version"]
    if int(version.partition(".")[0]) < 2:
        pytest.skip(f"Vault {version} has CVE-2026-3605, which 2.0.0 mended; the program runs {VAULT}")
    ada = site.as_person("ada", USERS)
    site.root.expect("POST", "kv/data/people/bob/diary", {"data": {"secret": "of bob"}})
    for method, path in (("LIST", climbing), ("GET", f"{climbing}/diary"), ("DELETE", f"{climbing}/diary")):
        assert ada.ask(method, f"kv/metadata/people/{path}").status >= 300, f"{method} {path}"
    assert site.root.read("kv/data/people/bob/diary")["data"] == {"secret": "of bob"}, "all is there"


def test_of_all_paths_that_vault_serves_a_user_has_only_the_own_folder(site: Site) -> None:
    folder = [FOLDER.format(operation) for operation in ("data", "metadata", "delete", "undelete", "destroy")]
    others = [path.replace("ada", "bob") for path in folder] + ["kv/metadata/people", "kv/data/platform/gitea/admin"]
    writing = {"create", "read", "update", "patch", "delete"}
    found = beyond_default(site.root, site.as_person("ada", USERS), *folder, *others, "kv/metadata/people/ada/")
    assert found == {
        FOLDER.format("data"): writing,
        FOLDER.format("metadata"): writing | {"list"},
        FOLDER.format("delete"): {"update"},
        FOLDER.format("undelete"): {"update"},
        FOLDER.format("destroy"): {"update"},
        "kv/metadata/people/ada/": {"list"},
    }, "besides what the default policy allows every token to do with itself"


def test_a_token_lasts_an_hour_and_can_be_renewed_for_a_working_day(site: Site) -> None:
    role = site.program.one(OPENID_ROLE)
    ada = site.as_person("ada", USERS)
    found = ada.read("auth/token/lookup-self")
    assert found["creation_ttl"] == role.get("tokenTtl") == 3600, "an hour"
    renewed = ada.expect("POST", "auth/token/renew-self", {"increment": "768h"}).body["auth"]
    assert renewed["lease_duration"] <= role.get("tokenMaxTtl") == 28800, "up to eight"
    assert renewed["renewable"], "within them"


def test_the_login_page_offers_the_login_without_being_told_its_path(site: Site) -> None:
    shown = site.visitor.expect("GET", "sys/internal/ui/mounts").data["auth"]
    assert list(shown) == ["oidc/"], "and shows no other login to a visitor"
    assert shown["oidc/"]["type"] == "oidc", "through Authentik"
