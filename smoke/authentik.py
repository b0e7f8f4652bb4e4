"""A person's way through Authentik, as its own pages go it: the API of the flow executor.

A flow's page (`/if/flow/<slug>/`) asks `/api/v3/flows/executor/<slug>/?query=<query of the page>` for a challenge and
posts the answer there, until the challenge is a redirect (goauthentik/authentik: authentik/flows/views/executor.py and
challenge.py; stages identification, password, user_login and consent). Once there is a session the API wants the CSRF
cookie as a header, and Django the page's address (authentik/root/settings.py, CSRF_HEADER_NAME).
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from smoke.check import Failed, Refused
from smoke.client import Browser, Page, host_of

_FLOW: Final = re.compile(r"/if/flow/([^/]+)/")
_MOST_STEPS: Final = 20
_SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class Person:
    """Somebody of the stack file, and the password to log in with."""

    username: str
    password: str


@dataclass
class Session:
    """A person's browser at Authentik.

    Attributes:
        signed_in: Whether the password was given; nobody is asked for it twice.
        consented: Whether the last authorization asked the person to agree.
    """

    browser: Browser
    host: str
    person: Person
    signed_in: bool = False
    consented: bool = False

    def sign_in(self) -> Mapping[str, Any]:
        """Log in, and return who Authentik says it is (`user` of `/api/v3/core/users/me/`)."""
        self._walk(f"https://{self.host}/flows/-/default/authentication/?next=/", home=True)
        self.signed_in = True
        page = self.browser.get(f"https://{self.host}/api/v3/core/users/me/")
        user: Mapping[str, Any] = page.json()["user"]
        return user

    def authorize(self, url: str) -> str:
        """Where Authentik sends the browser that an application sent to `url`; raises Refused when it stays there."""
        self.consented = False
        return self._walk(url)

    def _walk(self, url: str, *, home: bool = False) -> str:
        """Go on until the way leaves Authentik, or, on the way home, until no flow is left."""
        for _ in range(_MOST_STEPS):
            page = self.browser.get(url)
            flow = _FLOW.search(urllib.parse.urlsplit(page.url).path)
            if page.location:
                url = page.location
            elif flow:
                url = self._flow(flow[1], page.url)
            elif home:
                return page.url
            else:
                raise _stopped(page)
            if host_of(url) != self.host:
                return url
        raise Failed(f"no end of the login after {_MOST_STEPS} steps, the last at {url}")

    def _flow(self, slug: str, page: str) -> str:
        """Answer the challenges of a flow; where it leads in the end."""
        query = urllib.parse.urlencode({"query": urllib.parse.urlsplit(page).query})
        executor = f"https://{self.host}/api/v3/flows/executor/{slug}/?{query}"
        challenge: dict[str, Any] = self.browser.follow(executor).json()
        for _ in range(_MOST_STEPS):
            if challenge.get("component") == "xak-flow-redirect":
                return urllib.parse.urljoin(page, str(challenge["to"]))
            answer = {"component": challenge["component"], **self._answer(challenge)}
            headers = {"Referer": page, "X-authentik-CSRF": self.browser.cookie("authentik_csrf")}
            solved = self.browser.post(executor, answer, headers)
            challenge = (self.browser.follow(solved.location) if solved.location else solved).json()
        raise Failed(f"flow {slug} asks more than {_MOST_STEPS} questions")

    def _answer(self, challenge: Mapping[str, Any]) -> dict[str, Any]:
        component, name = challenge["component"], self.person.username
        if challenge.get("response_errors"):
            said = [one["string"] for errors in challenge["response_errors"].values() for one in errors]
            raise Failed(f"Authentik does not take the login of {name}: {'; '.join(said)}")
        if component in ("ak-stage-identification", "ak-stage-password") and self.signed_in:
            raise Failed(f"{name} is asked to log in again, although there is a session")
        if component == "ak-stage-identification":
            inline = {"password": self.person.password} if challenge.get("password_fields") else {}
            return {"uid_field": name, **inline}
        if component == "ak-stage-password":
            return {"password": self.person.password}
        if component == "ak-stage-user-login":
            return {"remember_me": False}
        if component == "ak-stage-consent":
            self.consented = True
            return {"token": challenge["token"]}
        if component == "ak-stage-access-denied":
            raise Refused(f"Authentik refuses {name}: {challenge.get('error_message') or 'no reason given'}")
        raise Failed(f"{name} is asked for {component}, which only a person can answer; use an account without it")


def _stopped(page: Page) -> Failed:
    if page.status >= _SERVER_ERROR:
        return Failed(f"{page.url} answers {page.status}")
    title = re.search(r"<title>\s*(.*?)\s*</title>", page.text, re.DOTALL)
    path = urllib.parse.urlsplit(page.url).path
    return Refused(f"Authentik stays at {path} with {page.status}{f' ({title[1]})' if title else ''}")
