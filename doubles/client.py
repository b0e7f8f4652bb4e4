"""What the services have in common: each logs people in through Authentik, as it was told to."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from declarations.oidc import OidcApplication
from doubles.authentik.jwt import claims_of
from doubles.loopback import Reply, Request
from doubles.web import Asked, redirect, set_cookie, unguessable

Answer = Callable[[Asked], Reply]


def as_json(error: str) -> Reply:
    """What Harbor answers when a code was not exchanged (SendBadRequestError in src/core/controllers/oidc.go)."""
    return Reply(400, {"errors": [{"code": "BAD_REQUEST", "message": f'oauth2: "{error}"'}]})


@dataclass(frozen=True, kw_only=True)
class Login:
    """A client of Authentik, as its service was told of it."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    scopes: tuple[str, ...]

    @property
    def authorize(self) -> str:
        """The endpoint that the discovery document of the issuer names."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}/application/o/authorize/"


def declared(application: OidcApplication) -> Login:
    """The client of a stack file's application, with the secret that Authentik's double has."""
    return Login(
        issuer=application.issuer,
        client_id=application.client_id,
        secret=f"{application.slug}-secret",
        redirect_uri=application.redirect_uris[0],
        scopes=application.scopes,
    )


@dataclass
class Client:
    """A service that logs people in; its sessions are cookies of its own.

    Attributes:
        authentik: What answers for Authentik.
        refused: What it answers to who comes back with a code that Authentik does not take, and why not.
        states: Logins under way.
        people: Claims of the ID token, by session.
    """

    login: Login
    authentik: Answer
    refused: Callable[[str], Reply] = as_json
    states: set[str] = field(default_factory=set)
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    def reaches_issuer(self) -> bool:
        """Whether the discovery document of the issuer is there to be read."""
        issuer = urlsplit(self.login.issuer)
        path = f"{issuer.path}.well-known/openid-configuration"
        reply = self.authentik(Asked(Request("GET", path, {"Host": str(issuer.hostname)}, b"")))
        return reply.status == 200

    def begin(self) -> Reply:
        """Send the browser to Authentik."""
        if not self.reaches_issuer():
            return Reply(500, "no discovery document")
        # Numbered: a gate of the lab that waits is told the same each time it asks.
        state = f"{self.login.client_id}-{len(self.states)}"
        self.states.add(state)
        return redirect(self.authorization_url(state, self.login.redirect_uri), set_cookie("state", state))

    def authorization_url(self, state: str, redirect_uri: str, **more: str) -> str:
        """Where a login begins."""
        parameters = {
            "client_id": self.login.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(self.login.scopes),
            "state": state,
            **more,
        }
        return f"{self.login.authorize}?{urlencode(parameters)}"

    def finish(self, asked: Asked, home: str) -> Reply:
        """Take the code, and let the person in."""
        state = asked.query.get("state", "")
        if state not in self.states or asked.cookie("state") != state:
            return Reply(400, "state mismatch")
        claims = self.claims(asked.query.get("code", ""), self.login.redirect_uri)
        if isinstance(claims, str):
            return self.refused(claims)
        session = unguessable()
        self.people[session] = claims
        return redirect(home, set_cookie("session", session), status=303)

    def claims(self, code: str, redirect_uri: str) -> dict[str, Any] | str:
        """What the ID token says that Authentik gives for a code; its error where it gives none, or another's."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        basic = base64.b64encode(f"{self.login.client_id}:{self.login.secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Host": str(urlsplit(self.login.issuer).hostname)}
        reply = self.authentik(Asked(Request("POST", "/application/o/token/", headers, urlencode(form).encode())))
        if reply.status != 200:
            return str(reply.body["error"]) if isinstance(reply.body, dict) else f"answer {reply.status}"
        claims = claims_of(reply.body["id_token"])
        meant = (claims.get("iss"), claims.get("aud")) == (self.login.issuer, self.login.client_id)
        return claims if meant else "id token of somebody else"

    def person(self, asked: Asked) -> dict[str, Any] | None:
        """Claims of who asks."""
        return self.people.get(asked.cookie("session"))
