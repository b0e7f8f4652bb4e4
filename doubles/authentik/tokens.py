"""Codes, tokens and claims, as authentik/providers/oauth2 gives them (views/{token,userinfo}.py, id_token.py)."""

import base64
import functools
import hashlib
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from doubles.authentik.jwt import Signer
from doubles.authentik.state import Client, Directory, Person
from doubles.loopback import Reply
from doubles.web import Asked, unguessable

_VALID_SECONDS = 600


@functools.cache
def own_key() -> Signer:
    """The key pair that Authentik makes at its first start; one for all doubles, since it takes long to make."""
    return Signer("authentik")


@dataclass(frozen=True)
class _Grant:
    client: Client
    person: Person
    query: Mapping[str, str]


class Tokens:
    """Of one instance."""

    def __init__(self, directory: Directory, faults: Collection[str]) -> None:
        self._directory, self._faults = directory, faults
        self._codes: dict[str, _Grant] = {}
        self._sessions: dict[str, _Grant] = {}

    def grant(self, person: Person, client: Client, query: Mapping[str, str]) -> str:
        """Where the browser goes after a login that began with this query."""
        code, uri = unguessable(), query["redirect_uri"]
        self._codes[code] = _Grant(client, person, query)
        joint = "&" if urlsplit(uri).query else "?"
        return f"{uri}{joint}{urlencode({'code': code, 'state': query.get('state', '')})}"

    def exchange(self, asked: Asked) -> Reply:
        """The token endpoint: client, then redirect URI, then code and its proof. Whatever is wrong is a 400."""
        form = asked.form
        client_id, secret = _presented(asked)
        client = self._directory.clients.get(client_id)
        old = client is not None and f"{client.slug} has an old client secret" in self._faults
        if client is None or client.secret not in (None, secret) or old:
            return Reply(400, {"error": "invalid_client"})
        if form.get("grant_type") != "authorization_code":
            return Reply(400, {"error": "unsupported_grant_type"})
        if form.get("redirect_uri") not in client.redirect_uris and form.get("code"):
            return Reply(400, {"error": "invalid_client"})
        found = self._codes.get(form.get("code", ""))
        if found is None or found.client != client or not _proven(found.query, form.get("code_verifier", "")):
            return Reply(400, {"error": "invalid_grant"})
        del self._codes[form["code"]]
        token = unguessable()
        self._sessions[token] = found
        id_token = self.id_token(found.person, client, found.query)
        answer = {"access_token": token, "id_token": id_token, "token_type": "Bearer", "expires_in": _VALID_SECONDS}
        return Reply(body={**answer, "scope": " ".join(_scopes(found))})

    def userinfo(self, asked: Asked) -> Reply:
        """The claims behind a token."""
        found = self._sessions.get(asked.header("Authorization").removeprefix("Bearer "))
        if found is None or "userinfo takes no token" in self._faults:
            return Reply(401, "", {"WWW-Authenticate": 'error="invalid_token"'})
        if "openid" not in _scopes(found):
            return Reply(403, "", {"WWW-Authenticate": 'error="insufficient_scope"'})
        own = {key: value for key, value in found.person.claims.items() if key not in ("iss", "aud", "exp")}
        return Reply(body={"sub": found.person.name, **self._claims(found), **own})

    def id_token(self, person: Person, client: Client, query: Mapping[str, str]) -> str:
        """With the user name as subject (sub_mode user_username), and the claims of the scopes."""
        now = int(time.time())
        claims = {
            "iss": f"https://{self._directory.host}/application/o/{client.slug}/",
            "sub": person.name,
            "aud": client.client_id,
            "iat": now,
            "auth_time": now,
            "exp": now + _VALID_SECONDS,
            **({"nonce": query["nonce"]} if "nonce" in query else {}),
            **self._claims(_Grant(client, person, query)),
            **person.claims,
        }
        return (person.signer or own_key()).sign(claims, person.algorithm)

    def _claims(self, grant: _Grant) -> dict[str, Any]:
        """Of the packaged mappings (blueprints/system/providers-oauth2.yaml), and of the program's own for `email`."""
        person = grant.person
        name = "somebody" if "tokens name somebody else" in self._faults else person.name
        groups = () if "tokens name no groups" in self._faults else person.groups
        by_scope: Mapping[str, dict[str, Any]] = {
            "profile": {
                "name": name.title(),
                "given_name": name.title(),
                "preferred_username": name,
                "nickname": name,
                "groups": list(groups),
            },
            "email": {"email": f"{name}@example.test", "email_verified": True},
        }
        return {key: value for scope in _scopes(grant) for key, value in by_scope.get(scope, {}).items()}


def _scopes(grant: _Grant) -> tuple[str, ...]:
    """Those that were asked for and have a mapping; all of them where none was asked for."""
    asked = grant.query.get("scope", "").split()
    return tuple(scope for scope in grant.client.scopes if not asked or scope in asked)


def _proven(query: Mapping[str, str], verifier: str) -> bool:
    """PKCE (RFC 7636): the verifier of the challenge, and none where there was no challenge."""
    challenge = query.get("code_challenge", "")
    if not challenge or query.get("code_challenge_method", "plain") == "plain":
        return verifier == challenge
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode() == challenge


def _presented(asked: Asked) -> tuple[str, str]:
    """Id and secret of the client, in the header or in the form (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = asked.header("Authorization").partition(" ")
    if scheme == "Basic":
        name, _, secret = base64.b64decode(credentials).decode().partition(":")
        return name, secret
    return asked.form.get("client_id", ""), asked.form.get("client_secret", "")
