"""The double of Vault answers a login as the real server does."""

import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from doubles.authentik import Person
from doubles.client import Login
from doubles.loopback import Reply, Request
from doubles.vault import Role, Vault
from doubles.web import Asked
from tests.real.vault.site import OPENID, OPENID_ROLE, Site

GROUP = "vault:identity/group:Group"


@pytest.fixture
def double(site: Site) -> Vault:
    """With what the program writes into the real one."""
    method, role = site.program.one(OPENID), site.program.one(OPENID_ROLE)
    login = Login(
        issuer=method.get("oidcDiscoveryUrl"),
        client_id=site.client.client_id,
        secret=str(site.client.secret),
        redirect_uri=site.client.redirect_uris[0],
        scopes=("openid", *role.get("oidcScopes")),
    )
    groups = role.get("boundClaims")["groups"].split(",")
    policies = {one.get("name"): one.get("policies") for one in site.program.of_type(GROUP)}
    told = Role(login=login, redirect_uris=site.client.redirect_uris, bound=groups, policies=policies)
    return Vault(told, site.authentik.answer)


def ask(double: Vault, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    content = b"" if body is None else json.dumps(body).encode()
    return double.answer(Asked(Request(method, f"/v1/{path}", headers, content)))


def logged_in(double: Vault, person: Person, site: Site) -> Reply:
    """As site.person_login asks the real one."""
    request = {"redirect_uri": site.client.redirect_uris[0]}
    url = ask(double, "POST", "auth/oidc/oidc/auth_url", request).body["data"]["auth_url"]
    state, code = site.authentik.approve(url, person)
    return ask(double, "GET", f"auth/oidc/oidc/callback?{urlencode({'state': state, 'code': code})}")


@pytest.mark.parametrize(
    "groups", [("vault-users",), ("vault-admins",), ("vault-users", "vault-admins"), ("gitea-admins",), ()]
)
def test_policies_follow_from_the_groups_of_a_login(site: Site, double: Vault, groups: tuple[str, ...]) -> None:
    person = Person("dora", groups)
    real, told = site.person_login(person), logged_in(double, person, site)
    assert told.status == real.status, f"in or out: {real.body}"
    granted = [set((body.get("auth") or {}).get("policies") or ()) for body in (told.body, real.body)]
    assert granted[0] == granted[1], "what a token may do"


@pytest.mark.parametrize("claims", [{"aud": "gitea"}, {"iss": "https://auth.evil.test/application/o/vault/"}], ids=str)
def test_a_token_for_somebody_else_is_refused(site: Site, double: Vault, claims: dict[str, str]) -> None:
    person = Person("dora", ("vault-users",), claims)
    assert logged_in(double, person, site).status == site.person_login(person).status, "by both"


def test_where_a_login_leads(site: Site, double: Vault) -> None:
    for uri in (*site.client.redirect_uris, "https://evil.test/callback"):
        told = ask(double, "POST", "auth/oidc/oidc/auth_url", {"redirect_uri": uri}).body["data"]["auth_url"]
        real = site.authorization_url(uri)
        parts = [(urlsplit(url)[:3], set(parse_qs(urlsplit(url).query))) for url in (told, real)]
        keys = ("client_id", "redirect_uri", "response_type")
        values = [{key: parse_qs(urlsplit(url).query).get(key) for key in keys} for url in (told, real)]
        assert (parts[0][0], values[0]) == (parts[1][0], values[1]), f"{uri}: nowhere, or to Authentik as this client"
        assert parts[0][1] <= parts[1][1], "the double names nothing that the real one does not"


def test_a_login_that_nobody_began_and_a_role_that_is_not_there(site: Site, double: Vault) -> None:
    path = "auth/oidc/oidc/callback?state=none&code=none"
    assert ask(double, "GET", path).status == site.visitor.ask("GET", path).status, "no such login"
    body = {"role": "other", "redirect_uri": site.client.redirect_uris[0]}
    real = site.visitor.ask("POST", "auth/oidc/oidc/auth_url", body)
    assert ask(double, "POST", "auth/oidc/oidc/auth_url", body).status == real.status, "no such role"


def test_a_token_is_given_back_once(site: Site, double: Vault) -> None:
    person = Person("dora", ("vault-users",))
    told = logged_in(double, person, site).body["auth"]["client_token"]
    real = site.root.using(site.person_login(person).body["auth"]["client_token"])
    for _ in range(2):
        answer = ask(double, "POST", "auth/token/revoke-self", {}, **{"X-Vault-Token": told})
        assert answer.status == real.ask("POST", "auth/token/revoke-self").status, "204, then 403"


def test_health(site: Site, double: Vault) -> None:
    assert ask(double, "GET", "sys/health").status == site.visitor.ask("GET", "sys/health").status, "active"
