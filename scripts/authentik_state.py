"""What of Authentik its blueprints decide, as its API shows it: to see what applying one again has put right.

The lists and their fields are those of release 2026.8 (authentik/core/api, authentik/providers/oauth2/api,
authentik/policies/api). None of the fields holds a secret.
"""

from collections.abc import Callable, Iterator
from typing import Any

State = dict[str, dict[str, Any]]
Get = Callable[[str], dict[str, Any]]

_LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "core/groups": ("name", ("is_superuser", "users_obj")),
    "core/users": ("username", ("name", "email", "path", "type", "is_active")),
    "core/applications": ("slug", ("provider", "policy_engine_mode", "meta_launch_url")),
    "providers/oauth2": ("name", ("client_id", "redirect_uris", "property_mappings", "authorization_flow")),
    "providers/proxy": ("name", ("external_host", "mode", "property_mappings", "authorization_flow")),
    "policies/expression": ("name", ("expression",)),
    "policies/bindings": ("pk", ("policy", "group", "user", "target", "enabled", "negate", "failure_result")),
    "propertymappings/provider/scope": ("name", ("scope_name", "expression")),
}
"""List of the API -> what names an entry, and the fields that are looked at."""


def seen(get: Get) -> State:
    """Every entry by list and name, such as `core/groups admins`."""
    return {
        f"{path} {one[key]}": {field: _plain(one.get(field)) for field in fields}
        for path, (key, fields) in _LISTS.items()
        for one in _every(get, path)
    }


def _every(get: Get, path: str) -> Iterator[dict[str, Any]]:
    """All entries, page after page; an administrator sees all applications only when asking for them."""
    page = 1
    while page:
        answer = get(f"{path}/?page={page}&page_size=100&superuser_full_list=true")
        yield from answer["results"]
        page = answer["pagination"]["next"]


def _plain(value: Any) -> Any:
    """Lists in an order of their own, and members by their names."""
    if not isinstance(value, list):
        return value
    return sorted(str(one.get("username", one)) if isinstance(one, dict) else str(one) for one in value)


def differences(before: State, after: State) -> list[str]:
    """What is another than before, one line each."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        if name not in before or name not in after:
            found.append(f"{name}: {'deleted' if name in before else 'made'}")
            continue
        for field, value in before[name].items():
            if value != after[name][field]:
                found.append(f"{name}: {field.removesuffix('_obj')} was {value}, is {after[name][field]}")
    return found
