"""Gitea, Harbor, Vault and the Matrix services, as far as a login and what follows it go."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from lib import oidc
from lib.forward_auth import PREFIX, ProxiedApplication
from lib.oidc import GITEA_SOURCE, MATRIX_UPSTREAM_ID, OidcApplication
from settings import Settings
from tests.smoke.doubles.authentik import Authentik, outpost_client
from tests.smoke.doubles.web import Asked, page, redirect, set_cookie, unguessable
from tests.support.loopback import Reply

Answer = Callable[[Asked], Reply]


@dataclass
class Client:
    """A service that logs people in through Authentik; its sessions are cookies of its own."""

    application: OidcApplication
    authentik: Authentik
    lies: set[str]
    states: set[str] = field(default_factory=set)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    def begin(self, asked: Asked) -> Reply:
        """Send the browser to Authentik."""
        state = unguessable()
        self.states.add(state)
        return redirect(self.authorization_url(state), set_cookie("state", state))

    def authorization_url(self, state: str) -> str:
        one = self.application
        parameters = {
            "client_id": one.client_id,
            "redirect_uri": one.redirect_uris[0],
            "response_type": "code",
            "scope": " ".join(one.scopes),
            "state": state,
        }
        return f"https://{one.auth_host}/application/o/authorize/?{urlencode(parameters)}"

    def finish(self, asked: Asked, home: str) -> Reply:
        """Take the code, and let the person in."""
        state = asked.query.get("state", "")
        if state not in self.states or asked.cookie("state") != state:
            return Reply(400, "state mismatch")
        session = unguessable()
        self.people[session] = self.authentik.exchange(asked.query["code"], self.application)
        return redirect(home, set_cookie("session", session), status=303)

    def person(self, asked: Asked) -> dict[str, Any] | None:
        """Claims of who asks."""
        return self.people.get(asked.cookie("session"))


def gitea(settings: Settings, authentik: Authentik, lies: set[str]) -> Answer:
    """Git hosting: the login page, the settings of an account, the page of administrators."""
    client, source = Client(oidc.gitea(settings), authentik, lies), f"/user/oauth2/{GITEA_SOURCE}"

    def profile(person: Mapping[str, Any]) -> Reply:
        name = "ghost" if "gitea names people otherwise" in lies else person["preferred_username"]
        return page("Settings", f'<input id="username" name="name" value="{name}" data-name="{name}" disabled>')

    def answer(asked: Asked) -> Reply:
        person = client.person(asked)
        administrator = person is not None and settings.gitea.admin_group in person["groups"]
        if asked.path == "/" and "gitea is down behind its ingress" in lies:
            return Reply(502)
        if asked.path == "/user/login":
            return page("Sign in", "" if "gitea hides the login" in lies else f'<a href="{source}">Authentik</a>')
        if asked.path == source:
            return redirect("/user/login") if "gitea cannot reach Authentik" in lies else client.begin(asked)
        if asked.path == f"{source}/callback":
            return client.finish(asked, "/user/link_account" if "gitea makes no accounts" in lies else "/")
        if asked.path == "/user/settings":
            return redirect("/user/login") if person is None or "gitea makes no accounts" in lies else profile(person)
        mixed = "gitea mixes up rights" in lies
        return page("Gitea", status=403 if asked.path == "/-/admin" and administrator == mixed else 200)

    return answer


def harbor(settings: Settings, authentik: Authentik, lies: set[str]) -> Answer:
    """The registry's portal; its images are in registry.py."""
    client = Client(oidc.harbor(settings), authentik, lies)

    def answer(asked: Asked) -> Reply:
        person = client.person(asked)
        if asked.path == "/api/v2.0/systeminfo":
            return Reply(body={"auth_mode": "db_auth" if "harbor has its own login" in lies else "oidc_auth"})
        if asked.path == "/c/oidc/login":
            return client.begin(asked)
        if asked.path == "/c/oidc/callback":
            asks = "harbor asks for a name" in lies
            return client.finish(asked, "/oidc-onboard?username=x" if asks else "/")
        if asked.path == "/api/v2.0/users/current":
            if person is None:
                return Reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
            administrator = settings.harbor.admin_group in person["groups"] and "harbor mixes up rights" not in lies
            flags = {"sysadmin_flag": False, "admin_role_in_auth": administrator}
            return Reply(body={"username": person["preferred_username"], **flags})
        return page("Harbor")

    return answer


def proxied(application: ProxiedApplication, authentik: Authentik, lies: set[str]) -> Answer:
    """Traefik before an application without a login: the outpost answers whoever has no session."""
    client, slug = Client(outpost_client(application), authentik, lies), application.slug

    def answer(asked: Asked) -> Reply:
        if f"{slug} is not deployed" in lies:
            return Reply(404, "404 page not found")
        if asked.path == f"{PREFIX}callback":
            return client.finish(asked, f"{application.url}/")
        if client.person(asked) is not None:
            return page("Wiki", status=502 if f"{slug} is down behind the login" in lies else 200)
        return page("Wiki") if f"{slug} has no middleware" in lies else client.begin(asked)

    return answer


def vault(settings: Settings, authentik: Authentik, lies: set[str]) -> Answer:
    """Vault's login: the URL it makes, the callback, the token and its end."""
    client, tokens = Client(oidc.vault(settings), authentik, lies), set[str]()

    def auth_url(asked: Asked) -> Reply:
        wanted = json.loads(asked.request.body)
        shut = "vault refuses the command line" in lies and "localhost" in wanted["redirect_uri"]
        if (
            wanted["role"] != "authentik-users"
            or wanted["redirect_uri"] not in client.application.redirect_uris
            or shut
        ):
            return Reply(body={"data": {"auth_url": ""}})
        state = unguessable()
        client.states.add(state)
        parameters = {"client_id": "vault", "redirect_uri": wanted["redirect_uri"], "response_type": "code"}
        query = urlencode({**parameters, "scope": "openid profile email", "state": state})
        return Reply(body={"data": {"auth_url": f"https://{settings.identity.host}/application/o/authorize/?{query}"}})

    def callback(asked: Asked) -> Reply:
        if asked.query.get("state") not in client.states:
            return Reply(400, {"errors": ["Expired or missing OAuth state."]})
        claims = authentik.exchange(asked.query["code"], client.application)
        manages = settings.vault.admin_group in claims["groups"] and "vault mixes up rights" not in lies
        token = unguessable()
        tokens.add(token)
        policies = ["default", "own-folder", *(["administrator"] if manages else [])]
        return Reply(body={"auth": {"client_token": token, "policies": policies}})

    def answer(asked: Asked) -> Reply:
        if asked.path == "/v1/auth/oidc/oidc/auth_url":
            return auth_url(asked)
        if asked.path == "/v1/auth/oidc/oidc/callback":
            return callback(asked)
        if asked.path == "/v1/auth/token/revoke-self":
            known = asked.header("X-Vault-Token") in tokens
            tokens.discard(asked.header("X-Vault-Token"))
            return Reply(204 if known else 403)
        if asked.path == "/v1/sys/tokens-in-use":  # of the double alone
            return Reply(body={"count": len(tokens)})
        return page("Vault")

    return answer


def matrix(settings: Settings, authentik: Authentik, lies: set[str]) -> Mapping[str, Answer]:
    """Element Web, Synapse, the authentication service and the delegation, by host."""
    ours, client = settings.matrix, Client(oidc.matrix(settings), authentik, lies)
    issuer = f"https://{ours.account_host}/"
    flows = ["m.login.sso", "m.login.token", *(["m.login.password"] if "chat takes passwords" in lies else [])]
    flows = ["m.login.token"] if "chat offers no login" in lies else flows

    def account(asked: Asked) -> Reply:
        if asked.path == "/.well-known/openid-configuration":
            return Reply(body={"issuer": issuer})
        if asked.path == f"/upstream/authorize/{MATRIX_UPSTREAM_ID}":
            return client.begin(asked)
        if asked.path == f"/upstream/callback/{MATRIX_UPSTREAM_ID}":
            return client.finish(asked, "/upstream/link/1")
        if asked.path == "/graphql":
            person = None if "chat asks a new person" in lies else client.person(asked)
            if person is None:
                return Reply(body={"data": {"viewer": {"__typename": "Anonymous"}}})
            domain = "elsewhere.example.com" if "chat has another domain" in lies else ours.server_name
            mxid = f"@{person['preferred_username']}:{domain}"
            return Reply(body={"data": {"viewer": {"__typename": "User", "username": "x", "matrix": {"mxid": mxid}}}})
        return page("Account")

    def synapse(asked: Asked) -> Reply:
        if asked.path == "/_matrix/client/v3/login":
            return Reply(body={"flows": [{"type": one} for one in flows]})
        if asked.path == "/_matrix/client/v1/auth_metadata":
            return Reply(body={"issuer": issuer})
        return page("It works! Synapse is running")

    def delegation(asked: Asked) -> Reply:
        if asked.path != "/.well-known/matrix/client" or "chat is not delegated" in lies:
            return Reply(404)
        return Reply(body={"m.homeserver": {"base_url": f"https://{ours.synapse_host}"}})

    def element(asked: Asked) -> Reply:
        known = {"default_server_config": {"m.homeserver": {"server_name": ours.server_name}}}
        return Reply(body=known) if asked.path == "/config.json" else page("Element")

    return {
        ours.account_host: account,
        ours.synapse_host: synapse,
        ours.server_name: delegation,
        ours.host: element,
    }
