"""The API that blueprints are applied by: accounts of tokens, the worker's files, rows and runs, lists of objects.

Paths and fields of release 2026.8 (authentik/blueprints/api.py, authentik/core/api/{tokens,users}.py,
authentik/tasks/api/tasks.py, authentik/tenants/api/settings.py).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply
from doubles.web import Asked, nothing

LISTS = frozenset(
    (
        *("core/groups", "core/users", "core/applications", "providers/oauth2", "providers/proxy"),
        *("policies/expression", "policies/bindings", "propertymappings/provider/scope"),
    )
)
"""Lists that can be asked for."""
_BLUEPRINTS = "managed/blueprints/"
_KEY = re.compile(r"core/tokens/([^/]+)/view_key/")


class Administration(Protocol):
    """The database and the worker behind the API."""

    def account(self, token: str) -> Mapping[str, Any] | None:
        """Whose token it is: `username` and `is_superuser`; None of one that is not valid."""

    def files(self) -> Mapping[str, str]:
        """Path -> hash of each blueprint file that the worker sees."""

    def row(self, identifier: str) -> Mapping[str, Any] | None:
        """`path`, `status`, `last_applied` and `last_applied_hash` of a blueprint."""

    def apply(self, identifier: str) -> None:
        """Ask the worker for a run of a row that is there."""

    def key(self, identifier: str) -> str | None:
        """Value of a token."""

    def entries(self, path: str) -> Sequence[Mapping[str, Any]]:
        """Objects of one of the lists."""

    def tasks(self) -> Sequence[Mapping[str, Any]]:
        """`actor_name`, `aggregated_status`, `mtime` and `eta` of the worker's tasks."""

    def settings(self) -> Mapping[str, Any]:
        """The system settings."""

    def set(self, given: Mapping[str, Any]) -> None:
        """Change some of them."""


class Api:
    """Answers below /api/v3/; only an administrator's token is let in."""

    def __init__(self, administration: Administration | None) -> None:
        self._held = administration

    def answer(self, asked: Asked) -> Reply:
        """Answer a request with a token."""
        token = asked.header("Authorization").removeprefix("Bearer ")
        account = self._held.account(token) if self._held is not None else None
        if self._held is None or account is None:
            return Reply(403, {"detail": "Token invalid/expired"})
        path = asked.path.removeprefix("/api/v3/")
        if path == "core/users/me/":
            return Reply(body={"user": dict(account)})
        if not account["is_superuser"]:
            return Reply(403, {"detail": "You do not have permission to perform this action."})
        return self._administrators(self._held, asked, path)

    def _administrators(self, held: Administration, asked: Asked, path: str) -> Reply:
        if key := _KEY.fullmatch(path):
            value = held.key(key[1])
            return nothing(asked) if value is None else Reply(body={"key": value})
        if path.rstrip("/") in LISTS:
            return Reply(body=_page(held.entries(path.rstrip("/")), path, urlsplit(asked.request.path).query))
        if path == "tasks/tasks/":
            return Reply(body={"results": _tasks(held.tasks(), urlsplit(asked.request.path).query)})
        if path == "admin/settings/" and asked.request.method in ("GET", "PATCH"):
            return Reply(body=self._settings(held, asked))
        return self._managed(held, asked, path)

    def _settings(self, held: Administration, asked: Asked) -> dict[str, Any]:
        """Those that are there; a name that the release does not know is ignored."""
        if asked.request.method == "PATCH":
            given = json.loads(asked.request.body)
            held.set({name: value for name, value in given.items() if name in held.settings()})
        return dict(held.settings())

    def _managed(self, held: Administration, asked: Asked, path: str) -> Reply:
        if path == f"{_BLUEPRINTS}available/":
            listed = [{"path": one, "last_m": 0, "hash": digest, "meta": {}} for one, digest in held.files().items()]
            return Reply(body=listed)
        identifier, _, action = path.removeprefix(_BLUEPRINTS).partition("/")
        row = held.row(identifier)
        if row is None or (asked.request.method, action) not in (("GET", ""), ("POST", "apply/")):
            return nothing(asked)
        if action:
            held.apply(identifier)
        return Reply(body={"pk": identifier, **(held.row(identifier) or row)})


def _page(entries: Sequence[Mapping[str, Any]], path: str, query: str) -> dict[str, Any]:
    """One entry on each page; applications that the account may not use itself only when asked for."""
    given = parse_qs(query)
    if path.startswith("core/applications") and "superuser_full_list" not in given:
        entries = ()
    number = int(given.get("page", ["1"])[0])
    following = number + 1 if number < len(entries) else 0
    return {"pagination": {"next": following}, "results": list(entries[number - 1 : number])}


def _tasks(held: Sequence[Mapping[str, Any]], query: str) -> list[Mapping[str, Any]]:
    """Filtered and sorted as TaskFilter and TaskViewSet do."""
    given = parse_qs(query)
    ordering = given.get("ordering", ["-mtime"])[0]
    found = [
        one
        for one in held
        if all(one[field] in given.get(field, [one[field]]) for field in ("actor_name", "aggregated_status"))
    ]
    found.sort(key=lambda one: str(one[ordering.lstrip("-")]), reverse=ordering.startswith("-"))
    return found[: int(given.get("page_size", ["20"])[0])]
