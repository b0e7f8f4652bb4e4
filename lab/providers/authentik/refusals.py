"""What Authentik refuses of a blueprint's entry, and what it would take although nobody could ever log in with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

PROXY_PROVIDER: Final = "authentik_providers_proxy.proxyprovider"
OAUTH2_PROVIDER: Final = "authentik_providers_oauth2.oauth2provider"
OUTPOST: Final = "authentik_outposts.outpost"
REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "authentik_core.application": frozenset({"name", "slug"}),
    "authentik_core.group": frozenset({"name"}),
    "authentik_core.user": frozenset({"username", "name"}),
    "authentik_core.token": frozenset({"identifier", "user", "intent"}),
    OUTPOST: frozenset({"name", "type", "providers", "config"}),
    "authentik_policies.policybinding": frozenset({"target", "order"}),
    PROXY_PROVIDER: frozenset({"name", "authorization_flow", "invalidation_flow", "external_host"}),
    "authentik_providers_oauth2.scopemapping": frozenset({"name", "scope_name", "expression"}),
    OAUTH2_PROVIDER: frozenset({"name", "authorization_flow", "invalidation_flow", "redirect_uris"}),
}


@dataclass(frozen=True)
class Tag:
    """A YAML tag of a blueprint and its argument."""

    name: str
    value: Any


class BlueprintError(Exception):
    """Applying the blueprint fails and leaves everything as it was."""


def check_tags(value: Any, files: Mapping[str, str], seen: set[str]) -> None:
    if isinstance(value, Tag):
        if value.name == "KeyOf" and value.value not in seen:
            raise BlueprintError(f"KeyOf: failed to find entry with `id` of `{value.value}` and a model instance")
        check_tags(value.value, files, seen)
    elif isinstance(value, Mapping):
        for item in value.values():
            check_tags(item, files, seen)
    elif isinstance(value, list):
        for item in value:
            check_tags(item, files, seen)


def check_client(model: str, given: Mapping[str, Any], files: Mapping[str, str]) -> None:
    """An OAuth2 provider nobody could log in with is refused, although Authentik would store it."""
    if model != OAUTH2_PROVIDER:
        return
    secret = given.get("client_secret")
    if isinstance(secret, Tag) and secret.name == "File" and not files.get(str(secret.value)):
        raise BlueprintError(f"Serializer errors: client_secret: may not be null ({secret.value} is not in the worker)")
    if not given.get("grant_types"):
        raise BlueprintError(
            "the lab refuses a provider without grant_types: Authentik 2026.8 refuses every login to it"
        )
    if (
        any(uri.get("redirect_uri_type") == "logout" for uri in given["redirect_uris"])
        and given.get("client_id") == "gitea"
    ):
        raise BlueprintError(
            "the lab refuses a redirect URI of type logout for Gitea: it sends no id_token_hint, and with such a URI "
            "Authentik 2026.8 answers its sign-out with an error"
        )
    if not given.get("signing_key"):
        raise BlueprintError("the lab refuses a provider without signing_key: its tokens would be signed with HS256")


def check_token(model: str, given: Mapping[str, Any], files: Mapping[str, str], known: Mapping[str, set[str]]) -> None:
    """A token without a value or without an account is refused."""
    if model != "authentik_core.token":
        return
    key = given.get("key")
    if isinstance(key, Tag) and key.name == "File" and not files.get(str(key.value)):
        raise BlueprintError(f"Serializer errors: key: may not be null ({key.value} is not in the worker)")
    missing = _not_found([given["user"]], known.get("authentik_core.user", set()) | {"akadmin"})
    if missing:
        raise BlueprintError(f"Serializer errors: Missing user ({missing[0]!r} does not exist)")


def check_outpost(model: str, given: Mapping[str, Any], known: Mapping[str, set[str]]) -> None:
    """Every provider of the list must be there, and the outpost must know where people log in."""
    if model != OUTPOST:
        return
    missing = _not_found(given["providers"], known.get(PROXY_PROVIDER, set()))
    if missing:
        raise BlueprintError(f"Serializer errors: providers: This field may not be null ({missing[0]!r} is missing)")
    if not given["config"].get("authentik_host"):
        raise BlueprintError("the lab refuses an outpost without authentik_host: it would send people to localhost")


def _not_found(tags: list[Any], there: set[str]) -> list[str]:
    """What the `!Find` tags among the values look for in vain, by the value of their first condition."""
    sought = [tag.value[1][1] for tag in tags if isinstance(tag, Tag) and tag.name == "Find"]
    return [name for name in sought if name not in there]


def check_group(
    model: str, given: Mapping[str, Any], known: Mapping[str, set[str]], made: dict[str, list[str]]
) -> None:
    """`!Find` of a group that nobody made is null: the binding of the application to it would be refused."""
    group = given.get("group")
    if model != "authentik_policies.policybinding" or not isinstance(group, Tag) or group.name != "Find":
        return
    name = group.value[1][1] if len(group.value) > 1 else None
    groups = known.get("authentik_core.group", set()) | set(made.get("authentik_core.group", []))
    if isinstance(name, str) and name not in groups:
        raise BlueprintError(f"Serializer errors: group: group {name!r} does not exist")
