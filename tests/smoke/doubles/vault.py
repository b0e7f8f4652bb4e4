"""Vault, as far as its login goes."""

import json
from urllib.parse import urlencode

from doubles.loopback import Reply
from doubles.web import Asked, page, unguessable
from lib import oidc
from settings import Settings
from tests.smoke.doubles.authentik import Authentik
from tests.smoke.doubles.services import Answer, Client


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
        claims = authentik.tokens.exchange(asked.query["code"], client.application)
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
            known = asked.header("X-Vault-Token") in tokens and "vault keeps tokens" not in lies
            tokens.discard(asked.header("X-Vault-Token"))
            return Reply(204 if known else 403)
        return page("Vault")

    return answer
