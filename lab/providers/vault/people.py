"""The login of people to the simulated Vault, as its double takes it: what the program wrote into auth and identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doubles.client import Login
from doubles.vault import Role
from lab.providers.vault import api
from lab.world import World

_METHOD, _ROLE = "vault:jwt/authBackend:AuthBackend", "vault:jwt/authBackendRole:AuthBackendRole"
_GROUP, _ALIAS = "vault:identity/group:Group", "vault:identity/groupAlias:GroupAlias"


def role(world: World) -> Role | None:
    """The default role of the OpenID method; None before there is one."""
    for method in _inputs(world, _METHOD):
        if method.get("type") != "oidc":
            continue
        for one in _inputs(world, _ROLE):
            if (one["backend"], one["roleName"]) == (method["path"], method.get("defaultRole")):
                return _read(world, method, one)
    return None


def _read(world: World, method: Mapping[str, Any], given: Mapping[str, Any]) -> Role:
    uris = tuple(given["allowedRedirectUris"])
    login = Login(
        issuer=method["oidcDiscoveryUrl"],
        client_id=method["oidcClientId"],
        secret=method["oidcClientSecret"],
        redirect_uri=uris[0],
        scopes=("openid", *(given.get("oidcScopes") or ())),
    )
    groups = str((given.get("boundClaims") or {}).get(given.get("groupsClaim"), ""))
    return Role(
        login=login,
        redirect_uris=uris,
        bound=[one.strip() for one in groups.split(",")],
        policies=_policies(world),
        mount=method["path"],
        name=given["roleName"],
        user_claim=given["userClaim"],
        groups_claim=given.get("groupsClaim", ""),
    )


def _policies(world: World) -> Mapping[str, list[str]]:
    """Policies of the external group behind each name that the method gives."""
    groups = {key: one["inputs"] for key, one in world.view(api.TABLE).items() if one["token"] == _GROUP}
    aliases = _inputs(world, _ALIAS)
    return {one["name"]: list(groups.get(one["canonicalId"], {}).get("policies") or ()) for one in aliases}


def _inputs(world: World, token: str) -> list[Mapping[str, Any]]:
    return [one["inputs"] for one in world.view(api.TABLE).values() if one["token"] == token]
