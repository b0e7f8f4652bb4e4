"""A double of Authentik's OAuth2 provider: discovery, keys, token and user info of one application.

Endpoints and claims are those of https://docs.goauthentik.io/add-secure-apps/providers/oauth2/.
"""

import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply, Request
from tests.real.jwt import Signer


@dataclass(frozen=True)
class Person:
    """Who logs in, and with what an ID token of theirs differs from a right one (`claims`, `signer`, `algorithm`)."""

    name: str
    groups: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)
    signer: Signer | None = None
    algorithm: str = "RS256"


@dataclass
class Authentik:
    """The provider of one application.

    Attributes:
        issuer: With its trailing slash.
        client_id, client_secret: What the application must present.
    """

    issuer: str
    client_id: str
    client_secret: str
    _signer: Signer = field(default_factory=lambda: Signer("authentik"))
    _codes: dict[str, tuple[Person, dict[str, str]]] = field(default_factory=dict)
    _sessions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def approve(self, url: str, person: Person) -> tuple[str, str]:
        """What the browser brings back after `person` logged in at an authorization URL: state and code."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        code = secrets.token_urlsafe()
        self._codes[code] = (person, query)
        return query["state"], code

    def id_token(self, person: Person) -> str:
        """What a program on the machine of `person` has after a login."""
        return (person.signer or self._signer).sign(self._claims(person, secrets.token_urlsafe()), person.algorithm)

    def respond(self, request: Request) -> Reply:
        """One request over HTTP."""
        root, path = urlsplit(self.issuer), urlsplit(request.path).path
        base = f"{root.scheme}://{root.netloc}/application/o"
        if path == f"{root.path}.well-known/openid-configuration":
            return Reply(body=self._discovery(base))
        if path == f"{root.path}jwks/":
            return Reply(body={"keys": [self._signer.public]})
        if path == "/application/o/token/":
            return self._exchange(request)
        if path == "/application/o/userinfo/":
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return Reply(body=self._sessions[token]) if token in self._sessions else Reply(401)
        return Reply(404)

    def _discovery(self, base: str) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorize/",
            "token_endpoint": f"{base}/token/",
            "userinfo_endpoint": f"{base}/userinfo/",
            "jwks_uri": f"{self.issuer}jwks/",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email"],
        }

    def _exchange(self, request: Request) -> Reply:
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        if self._client(request, form) != (self.client_id, self.client_secret):
            return Reply(401, {"error": "invalid_client"})
        person, query = self._codes.pop(form.get("code", ""), (None, {}))
        if person is None or form.get("redirect_uri") != query["redirect_uri"]:
            return Reply(400, {"error": "invalid_grant"})
        claims = self._claims(person, query["nonce"])
        access = secrets.token_urlsafe()
        self._sessions[access] = {key: claims[key] for key in ("sub", "name", "email", "groups")}
        signer = person.signer or self._signer
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 600}
        return Reply(body=answer | {"id_token": signer.sign(claims, person.algorithm)})

    def _claims(self, person: Person, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer,
            "sub": person.name,  # sub_mode user_username
            "aud": self.client_id,
            "iat": now,
            "exp": now + 600,
            "nonce": nonce,
            "name": person.name.title(),
            "email": f"{person.name}@example.test",
            "groups": list(person.groups),
            **person.claims,
        }

    def _client(self, request: Request, form: Mapping[str, str]) -> tuple[str, str]:
        """Id and secret, which may come in the header or in the form (RFC 6749 section 2.3.1)."""
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(credentials).decode().partition(":")
            return name, secret
        return form.get("client_id", ""), form.get("client_secret", "")
