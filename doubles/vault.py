"""Vault as far as its health and the login of people go: path_oidc.go of hashicorp/vault-plugin-auth-jwt."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from components.vault import login as vault_login
from components.vault.login import ADMINISTRATOR, MOUNT, OWN_FOLDER, ROLE
from doubles import client
from doubles.client import Answer, Client, Login
from doubles.loopback import Reply
from doubles.web import Asked, page, unguessable
from settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class Role:
    """The default role of the login, and what the groups of a login give.

    Attributes:
        bound: Groups of the claim of which a login must have one (`bound_claims`).
        policies: Policies of the identity group that is tied to a group of the claim.
    """

    login: Login
    redirect_uris: tuple[str, ...]
    bound: Collection[str]
    policies: Mapping[str, Collection[str]]
    mount: str = MOUNT
    name: str = ROLE
    user_claim: str = "sub"
    groups_claim: str = "groups"


def declared(settings: Settings) -> Role:
    """What a stack file makes of it."""
    application, vault = vault_login.application(settings), settings.vault
    return Role(
        login=client.declared(application),
        redirect_uris=application.redirect_uris,
        bound=application.groups,
        policies={vault.user_group: (OWN_FOLDER,), vault.admin_group: (OWN_FOLDER, ADMINISTRATOR)},
    )


@dataclass
class Vault:
    """One server.

    Attributes:
        role: None before the login is set up.
        health: Status of its health endpoint: 200 active, 429 standby, 501 not initialised, 503 sealed.
    """

    role: Role | None
    authentik: Answer
    faults: Collection[str] = ()
    health: int = 200
    tokens: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        """What it answers."""
        if asked.path == "/v1/sys/health":
            return Reply(self.health, {"initialized": self.health != 501, "sealed": self.health in (501, 503)})
        if not asked.path.startswith("/v1/"):
            return page("Vault")
        if self.health not in (200, 429):
            return Reply(503, {"errors": ["Vault is sealed"]})
        if asked.path == "/v1/auth/token/revoke-self":
            return self._revoke(asked.header("X-Vault-Token"))
        return self._login(asked)

    def _login(self, asked: Asked) -> Reply:
        role = self.role
        if role is not None and asked.path == f"/v1/auth/{role.mount}/oidc/auth_url":
            return self._begin(role, asked)
        if role is not None and asked.path == f"/v1/auth/{role.mount}/oidc/callback":
            return self._finish(role, asked)
        return Reply(404, {"errors": ["no handler for route"]})

    def _begin(self, role: Role, asked: Asked) -> Reply:
        """The URL of a login; empty, and no word of it, where the role does not allow the redirect URI."""
        wanted = json.loads(asked.request.body)
        if wanted.get("role", role.name) != role.name:
            return Reply(400, {"errors": [f'role "{wanted["role"]}" could not be found']})
        uri = wanted["redirect_uri"]
        shut = "vault refuses the command line" in self.faults and "localhost" in uri
        if uri not in role.redirect_uris or shut:
            return Reply(body={"data": {"auth_url": ""}})
        client, state = Client(role.login, self.authentik), unguessable()
        if not client.reaches_issuer():
            return Reply(body={"data": {"auth_url": ""}})
        self.states[state] = uri
        url = client.authorization_url(state, uri, nonce=unguessable())
        return Reply(body={"data": {"auth_url": url}})

    def _finish(self, role: Role, asked: Asked) -> Reply:
        """The token of who has logged in: policies come from the groups of this login alone."""
        uri = self.states.pop(asked.query.get("state", ""), None)
        if uri is None:
            return Reply(400, {"errors": ["Expired or missing OAuth state."]})
        claims = Client(role.login, self.authentik).claims(asked.query.get("code", ""), uri)
        if isinstance(claims, str):
            return Reply(400, {"errors": [f'Vault login failed. Error exchanging oidc code: "oauth2: {claims}".']})
        groups = claims.get(role.groups_claim, ())
        if role.user_claim not in claims or not set(groups) & set(role.bound):
            return Reply(400, {"errors": ["error validating claims"]})
        granted = dict.fromkeys(policy for group in groups for policy in role.policies.get(group, ()))
        if "vault mixes up rights" in self.faults:
            granted.pop(ADMINISTRATOR, None)
        token = unguessable()
        self.tokens.add(token)
        return Reply(body={"auth": {"client_token": token, "policies": ["default", *granted]}})

    def _revoke(self, token: str) -> Reply:
        known = token in self.tokens and "vault keeps tokens" not in self.faults
        self.tokens.discard(token)
        return Reply(204 if known else 403)
