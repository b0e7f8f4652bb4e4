"""What an applied blueprint leaves in Authentik's database, as far as logins and tokens go."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.providers.authentik.refusals import OAUTH2_PROVIDER, PROXY_PROVIDER, Tag

_POLICY_BINDING, _LOGIN_FLOW = "authentik_policies.policybinding", "default-authentication-flow"
_SCOPES: Final = "goauthentik.io/providers/oauth2/scope-"

Entry = Mapping[str, Any]


def made(entries: list[Entry], files: Mapping[str, str]) -> dict[str, Any]:
    """JSON of the entries that are not absent.

    `providers`: name -> `client_id`, `secret` (null of a public client), `redirect_uris`, `scopes` (names of their
    mappings), `host` (of a proxy provider), and of the application that names it `slug` and `groups`: those that its
    policy lets in; null where no policy is bound to it, which lets everybody in.
    `factor`: groups whose members need a second factor.
    `guesses`: how many wrong passwords a name may give; null where nothing counts them.
    `groups`: group -> members.
    `people`: user name -> whether the account is active, null where the blueprint leaves that alone.
    `mappings`: name of a scope mapping -> its scope.
    `tokens`: identifier -> `key`, `user` and `intent`.
    """
    present = [entry for entry in entries if entry.get("state") != "absent"]
    users = {one.get("id"): one["identifiers"]["username"] for one in _of(present, "authentik_core.user")}
    return {
        "providers": dict(_providers(present, files)),
        "factor": [
            group
            for rule in _bound(present, "authentik_stages_authenticator_validate.authenticatorvalidatestage")
            for group in _groups(rule.get("attrs", {}).get("expression", ""))
        ],
        "guesses": next(
            (
                -int(rule["attrs"]["threshold"])
                for rule in _bound(present, "authentik_stages_deny.denystage")
                if rule["model"] == "authentik_policies_reputation.reputationpolicy"
            ),
            None,
        ),
        "groups": {
            one["identifiers"]["name"]: [users.get(tag.value) for tag in one.get("attrs", {}).get("users") or []]
            for one in _of(present, "authentik_core.group")
        },
        "people": {
            one["identifiers"]["username"]: one.get("attrs", {}).get("is_active")
            for one in _of(present, "authentik_core.user")
        },
        "mappings": {
            one["identifiers"]["name"]: one["attrs"]["scope_name"]
            for one in _of(present, "authentik_providers_oauth2.scopemapping")
        },
        "tokens": {
            one["identifiers"]["identifier"]: {
                "key": _value(one["attrs"]["key"], files),
                "user": _sought(one["attrs"]["user"]),
                "intent": one["attrs"]["intent"],
            }
            for one in _of(present, "authentik_core.token")
        },
    }


def _of(entries: list[Entry], *models: str) -> Iterator[Entry]:
    return (entry for entry in entries if entry.get("model") in models)


def _providers(entries: list[Entry], files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in _of(entries, OAUTH2_PROVIDER, PROXY_PROVIDER):
        attrs, name = entry.get("attrs") or {}, entry["identifiers"]["name"]
        applications = _of(entries, "authentik_core.application")
        application = next((one for one in applications if _key(one, "provider") == entry.get("id")), None)
        yield (
            name,
            {
                "client_id": attrs.get("client_id", ""),
                "secret": None if attrs.get("client_type") == "public" else _value(attrs.get("client_secret"), files),
                "redirect_uris": [one["url"] for one in attrs.get("redirect_uris") or []],
                "scopes": [_sought(tag).removeprefix(_SCOPES) for tag in attrs.get("property_mappings") or []],
                "host": attrs.get("external_host", ""),
                "slug": application["identifiers"]["slug"] if application else name,
                "groups": _admitted(entries, application) if application else None,
            },
        )


def _admitted(entries: list[Entry], application: Entry) -> list[str] | None:
    """Groups in the policy that is bound to an application."""
    for binding in _of(entries, _POLICY_BINDING):
        if _key(binding, "target") == application.get("id"):
            rules = [one for one in entries if one.get("id") == _key(binding, "policy")]
            return [group for rule in rules for group in _groups(rule["attrs"]["expression"])]
    return None


def _bound(entries: list[Entry], stage: str) -> Iterator[Entry]:
    """The policies on which a stage of this model runs in the login flow."""
    keys = {one.get("id") for one in _of(entries, stage)}
    flows = [one for one in _of(entries, "authentik_flows.flowstagebinding") if _key(one, "stage") in keys]
    bindings = {one.get("id") for one in flows if _sought(one["identifiers"]["target"]) == _LOGIN_FLOW}
    rules = [_key(one, "policy") for one in _of(entries, _POLICY_BINDING) if _key(one, "target") in bindings]
    return (one for one in entries if one.get("id") in rules)


def _key(entry: Entry, field: str) -> Any:
    """The entry that a field names by `!KeyOf`."""
    tag = {**entry["identifiers"], **(entry.get("attrs") or {})}.get(field)
    return tag.value if isinstance(tag, Tag) and tag.name == "KeyOf" else None


def _groups(expression: str) -> list[str]:
    """The list that an expression of the program begins with; nobody where there is none."""
    for node in ast.walk(ast.parse(f"def policy():\n{_indented(expression)}")):
        if isinstance(node, ast.Assign) and [getattr(one, "id", "") for one in node.targets] == ["groups"]:
            found: list[str] = ast.literal_eval(node.value)
            return found
    return []


def _indented(text: str) -> str:
    return "".join(f" {line}\n" for line in text.splitlines())


def _value(given: Any, files: Mapping[str, str]) -> Any:
    """What a field holds: of `!File` the content that the worker sees now."""
    return files.get(str(given.value)) if isinstance(given, Tag) and given.name == "File" else given


def _sought(tag: Any) -> str:
    """What a `!Find` looks for, by the value of its first condition."""
    return str(tag.value[1][1]) if isinstance(tag, Tag) and tag.name == "Find" else str(tag)
