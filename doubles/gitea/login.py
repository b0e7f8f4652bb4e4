"""Gitea as far as a login and what it finds go: the login page, an account's settings, the page of administrators."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from components.gitea import login as gitea_login
from components.gitea.login import SOURCE as GITEA_SOURCE
from components.gitea.settings import GiteaSettings
from doubles import client
from doubles.client import Answer, Client, Login
from doubles.loopback import Reply
from doubles.web import Asked, page, redirect
from settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class Source:
    """The login source, and what app.ini says of accounts.

    Attributes:
        name: Of the source, as its addresses have it.
        required_group, admin_group: Who is let in, and who administers.
        registers: Whether a first login makes an account.
        username: Claim that names it.
    """

    login: Login
    name: str
    required_group: str
    admin_group: str
    registers: bool = True
    username: str = "preferred_username"


def declared(settings: Settings) -> Source:
    """What a stack file makes of it."""
    return Source(
        login=client.declared(gitea_login.application(settings)),
        name=GITEA_SOURCE,
        required_group=settings.section(GiteaSettings).user_group,
        admin_group=settings.section(GiteaSettings).admin_group,
    )


def flash(error: str) -> Reply:
    """The message for the page that comes next is a cookie (RetrieveError in routers/web/auth/oauth.go of 1.27.3)."""
    message = quote_plus(urlencode({"error": f'OAuth2 RetrieveError: oauth2: "{error}"'}))
    return redirect("/user/login", f"gitea_flash={message}; Path=/; HttpOnly")


def gitea(source: Source, authentik: Answer, faults: Collection[str] = ()) -> Answer:
    """What answers on its host."""
    people, path = Client(source.login, authentik, flash), f"/user/oauth2/{source.name}"
    registers = source.registers and "gitea makes no accounts" not in faults

    def profile(person: Mapping[str, Any]) -> Reply:
        name = "ghost" if "gitea names people otherwise" in faults else person.get(source.username, "")
        return page("Settings", f'<input id="username" name="name" value="{name}" data-name="{name}" disabled>')

    def answer(asked: Asked) -> Reply:
        person = people.person(asked)
        if person is not None and source.required_group not in person["groups"]:
            person = None  # the account is prohibited from logging in
        administrator = person is not None and source.admin_group in person["groups"]
        if asked.path == "/" and "gitea is down behind its ingress" in faults:
            return Reply(502)
        if asked.path == "/user/login":
            return page("Sign in", "" if "gitea hides the login" in faults else f'<a href="{path}">Authentik</a>')
        if asked.path == path:
            return redirect("/user/login") if "gitea cannot reach Authentik" in faults else people.begin()
        if asked.path == f"{path}/callback":
            return people.finish(asked, "/" if registers else "/user/link_account")
        if asked.path == "/user/settings":
            return profile(person) if person is not None and registers else redirect("/user/login")
        mixed = "gitea mixes up rights" in faults
        return page("Gitea", status=403 if asked.path == "/-/admin" and administrator == mixed else 200)

    return answer
