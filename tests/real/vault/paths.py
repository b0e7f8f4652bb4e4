"""Every path that a Vault serves, from its own description, to ask what a token may do anywhere."""

import re

from tests.real.vault.api import Api


def served(root: Api) -> list[str]:
    """All paths of all engines, logins and of the system, with a made-up name for each parameter."""
    described = root.expect("GET", "sys/internal/specs/openapi").body["paths"]
    return sorted({re.sub(r"\{\w+\}", "sample", path).lstrip("/") for path in described})


def granted(root: Api, api: Api, *more: str) -> dict[str, frozenset[str]]:
    """What the token of `api` may do on all paths that are served, and on `more`."""
    return root.capabilities(api.token, [*served(root), *more])


def beyond_default(root: Api, api: Api, *more: str) -> dict[str, frozenset[str]]:
    """The same without what the policy `default`, which Vault brings along, grants as well."""
    made = root.expect("POST", "auth/token/create", {"policies": ["default"], "ttl": "10m"}).body["auth"]
    default = granted(root, root.using(made["client_token"]), *more)
    return {
        path: capabilities - default.get(path, frozenset())
        for path, capabilities in granted(root, api, *more).items()
        if capabilities - default.get(path, frozenset())
    }
