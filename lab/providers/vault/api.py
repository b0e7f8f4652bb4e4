"""What Vault answers: who may log in, what a policy allows, what a KV path holds.

Policy paths match as documented: `+` is one segment, a trailing `*` is any rest, and the most specific rule wins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import VAULTS, Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, locate
from lab.providers.vault.server import ROOT_KEY, health
from lab.providers.wire import UNKNOWN
from lab.world import Record, World

TABLE: Final = "vault/resources"
WRITTEN: Final = "vault/written"
"""Table of the world: data path of a secret -> simulated second of the operation that wrote its newest version."""
_CHILD_TOKEN: Final = "childTokenUntil"  # in the configuration of a connection, which is one process of the provider
_CHILD_TOKEN_SECONDS: Final = 1200.0

_RULE: Final = re.compile(r'path\s+"(?P<path>[^"]*)"\s*\{(?P<body>[^{}]*)\}')
_CAPABILITIES: Final = re.compile(r"capabilities\s*=\s*\[(?P<list>[^\]]*)\]")
_COMMENT: Final = re.compile(r"(#|//)[^\n]*")


class DeniedError(Exception):
    """Vault's answer to a client that may not, or to a path that holds nothing."""


def require(call: Call) -> None:
    """Refuse an operation unless the configured address is an unsealed Vault that takes the configured token."""
    address, token = call.config.get("address"), call.config.get("token")
    if not address or address is UNKNOWN:
        raise RefusedError("failed to configure Vault address: no address is set")
    method = f"Error making API request.\n\nURL: GET {address}/v1/auth/token/lookup-self"
    try:
        backend = locate(Cluster(call.site), str(address))
    except UnreachableError as error:
        raise RefusedError(f'Get "{address}/v1/auth/token/lookup-self": {error}') from None
    server = call.site.world.get(VAULTS, f"{backend.namespace}/{backend.name}") if backend.chart == "vault" else None
    if server is None:
        raise RefusedError(f"{method}\nCode: 404. Errors:\n\n* no Vault answers at this address")
    code, text = health(server)
    if code != HTTPStatus.OK:
        raise RefusedError(f"{method}\nCode: 503. Errors:\n\n* {text}")
    if token != server["keys"][ROOT_KEY]:
        raise RefusedError(f"{method}\nCode: 403. Errors:\n\n* permission denied")
    # At its first request the provider makes itself a token that is never renewed (internal/provider/meta.go).
    lifetime = float(call.config.get("maxLeaseTtlSeconds") or _CHILD_TOKEN_SECONDS)
    if call.site.clock.now >= call.config.setdefault(_CHILD_TOKEN, call.site.clock.now + lifetime):
        raise RefusedError(f"{method}\nCode: 403. Errors:\n\n* permission denied\n* invalid token")


def parse_policy(text: str) -> dict[str, frozenset[str]]:
    """Path pattern -> capabilities of a policy document; raises ValueError when it is not understood."""
    bare = _COMMENT.sub("", text)
    rules: dict[str, frozenset[str]] = {}
    for match in _RULE.finditer(bare):
        found = _CAPABILITIES.search(match["body"])
        if found is None:
            raise ValueError(f'path "{match["path"]}": missing capabilities')
        rules[match["path"]] = frozenset(re.findall(r'"([a-z]+)"', found["list"]))
    leftover = _RULE.sub("", bare).strip()
    if leftover:
        raise ValueError(f"failed to parse policy: {leftover[:60]!r} is neither a path rule nor a comment")
    return rules


def allows(policies: Mapping[str, frozenset[str]], path: str, capability: str) -> bool:
    """Whether the rules let a path be used so; a deny on the most specific match forbids it."""
    matching = [pattern for pattern in policies if _matches(pattern, path)]
    if not matching:
        return False
    best = policies[max(matching, key=lambda pattern: (not pattern.endswith("*"), "+" not in pattern, len(pattern)))]
    return "deny" not in best and capability in best


def _matches(pattern: str, path: str) -> bool:
    expression = re.escape(pattern).replace(r"\+", "[^/]+")
    if expression.endswith(r"\*"):
        return re.match(expression[:-2], path) is not None
    return re.fullmatch(expression, path) is not None


@dataclass(frozen=True)
class Login:
    """A Kubernetes-auth login: the auth mount and role, and the ServiceAccount that presents its token."""

    mount: str
    role: str
    namespace: str
    account: str
    audiences: tuple[str, ...] = ()


_DEFAULT_POLICY: Mapping[str, frozenset[str]] = {
    "auth/token/lookup-self": frozenset({"read"}),
    "auth/token/renew-self": frozenset({"update"}),
    "auth/token/revoke-self": frozenset({"update"}),
}
"""What Vault's policy `default` says of a token itself; a role may leave it out."""


def login(world: World, who: Login) -> dict[str, frozenset[str]]:
    """The rules the login's token carries. Raises DeniedError."""
    mount = _resource(world, f"auth/{who.mount}") or _resource(world, who.mount)
    if mount is None or mount["inputs"].get("type") != "kubernetes":
        raise DeniedError(f'no handler for route "auth/{who.mount}/login". route entry not found.')
    if _resource(world, f"auth/{who.mount}/config") is None:
        raise DeniedError("could not load backend configuration")
    role = _resource(world, f"auth/{who.mount}/role/{who.role}")
    if role is None:
        raise DeniedError(f'invalid role name "{who.role}"')
    inputs = role["inputs"]
    if not _bound(inputs.get("boundServiceAccountNames"), who.account):
        raise DeniedError("service account name not authorized")
    if not _bound(inputs.get("boundServiceAccountNamespaces"), who.namespace):
        raise DeniedError("namespace not authorized")
    audience = inputs.get("audience")
    if audience and audience not in who.audiences:
        raise DeniedError("invalid audience (aud) claim: audience claim does not match any expected audience")
    rules = {} if inputs.get("tokenNoDefaultPolicy") else dict(_DEFAULT_POLICY)
    for name in inputs.get("tokenPolicies") or []:
        policy = _resource(world, name, "vault:index/policy:Policy")
        if policy is not None:
            rules |= parse_policy(policy["inputs"]["policy"])
    return rules


def _bound(allowed: Any, value: str) -> bool:
    return bool(allowed) and ("*" in allowed or value in allowed)


def _resource(world: World, key: str, token: str | None = None) -> Record | None:
    record = world.get(TABLE, key)
    return record if record and (token is None or record["token"] == token) else None


def read_kv(world: World, rules: Mapping[str, frozenset[str]], mount: str, path: str) -> dict[str, Any]:
    """The newest version of a KV v2 secret. Raises DeniedError."""
    mounted = _resource(world, mount, "vault:index/mount:Mount")
    if mounted is None:
        raise DeniedError(f'no handler for route "{mount}/data/{path}". route entry not found.')
    if not allows(rules, f"{mount}/data/{path}", "read"):
        raise DeniedError("Code: 403. Errors: * 1 error occurred: * permission denied")
    secret = _resource(world, f"{mount}/data/{path}")
    if secret is None:
        raise DeniedError("Secret does not exist")
    return dict(json.loads(secret["inputs"].get("dataJson") or "{}"))
