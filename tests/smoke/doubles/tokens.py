"""What Authentik gives for a login: codes, tokens, claims; and a Kubernetes API that takes these tokens."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from doubles.loopback import Reply
from doubles.web import Asked, unguessable
from lib.oidc import OidcApplication
from settings import Settings


@dataclass(frozen=True)
class _Grant:
    client: str
    redirect_uri: str
    user: str
    challenge: str


class Tokens:
    """Of one instance of Authentik."""

    def __init__(self, settings: Settings, lies: set[str]) -> None:
        self._users, self._lies = settings.identity.users, lies
        self._grants: dict[str, _Grant] = {}
        self._tokens: dict[str, str] = {}

    def grant(self, user: str, application: OidcApplication, query: Mapping[str, str]) -> str:
        """Where the browser goes after a login that began with this query."""
        code, uri = unguessable(), query["redirect_uri"]
        self._grants[code] = _Grant(application.client_id, uri, user, query.get("code_challenge", ""))
        joint = "&" if urlsplit(uri).query else "?"
        return f"{uri}{joint}{urlencode({'code': code, 'state': query.get('state', '')})}"

    def exchange(self, code: str, application: OidcApplication) -> dict[str, Any]:
        """What the server of a confidential client gets for a code: the claims of the id token."""
        grant = self._grants.pop(code)
        if (grant.client, grant.redirect_uri) != (application.client_id, application.redirect_uris[0]):
            raise AssertionError(f"the code of {grant.client} is not for {application.client_id}")
        return self._claims(grant.user)

    def exchange_in_public(self, asked: Asked) -> Reply:
        """The token endpoint, for a client without a secret: the code and its proof (PKCE)."""
        form = asked.form
        grant = self._grants.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        wanted = (form.get("client_id"), form.get("redirect_uri"), proof.decode())
        if grant is None or (grant.client, grant.redirect_uri, grant.challenge) != wanted:
            return Reply(400, {"error": "invalid_grant"})
        token = unguessable()
        self._tokens[token] = grant.user
        # The id token says the same as userinfo, to who can read it: here by asking for it.
        return Reply(body={"access_token": token, "id_token": token, "token_type": "Bearer"})

    def userinfo(self, asked: Asked) -> Reply:
        """The claims behind a token."""
        user = self._bearer(asked)
        shut = "userinfo takes no token" in self._lies
        return Reply(401) if user is None or shut else Reply(body=self._claims(user))

    def api_server(self, asked: Asked) -> Reply:
        """The Kubernetes API; its answer is the object that was sent, with a status."""
        user = self._bearer(asked)
        if asked.path != "/apis/authentication.k8s.io/v1/selfsubjectreviews" or asked.request.method != "POST":
            return Reply(404)
        if user is None or "the API server knows no login" in self._lies:
            return Reply(401, {"kind": "Status", "status": "Failure", "message": "Unauthorized", "code": 401})
        prefix = "" if "the API server has no prefix" in self._lies else "oidc:"
        groups = [] if "the API server reads no groups" in self._lies else self._users[user].groups
        known = {"username": f"{prefix}{user}", "groups": [f"oidc:{one}" for one in groups] + ["system:authenticated"]}
        return Reply(201, {**json.loads(asked.request.body), "status": {"userInfo": known}})

    def _bearer(self, asked: Asked) -> str | None:
        return self._tokens.get(asked.header("Authorization").removeprefix("Bearer "))

    def _claims(self, user: str) -> dict[str, Any]:
        groups = [] if "tokens name no groups" in self._lies else list(self._users[user].groups)
        name = "somebody" if "tokens name somebody else" in self._lies else user
        return {"preferred_username": name, "sub": user, "groups": groups}
