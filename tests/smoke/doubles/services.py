"""Gitea, Harbor and an application behind the login, as far as a login and what follows it go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from doubles.loopback import Reply
from doubles.web import Asked, page, redirect, set_cookie, unguessable
from lib import oidc
from lib.forward_auth import PREFIX, ProxiedApplication
from lib.oidc import GITEA_SOURCE, OidcApplication
from settings import Settings
from tests.smoke.doubles.authentik import Authentik, outpost_client

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
        self.people[session] = self.authentik.tokens.exchange(asked.query["code"], self.application)
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
