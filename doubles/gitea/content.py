"""The API of Gitea for organisations and teams, with the oddities of Gitea 1.26.2."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply, Request

HELD = ("organisations", "teams", "repositories", "packages", "renamed", "accounts")
"""Attributes that its database holds."""
_OWNERS = {"name": "Owners", "permission": "owner", "units_map": {}, "includes_all_repositories": True}
_ADMINISTERED = {"repo.code": "admin", "repo.issues": "admin", "repo.ext_wiki": "admin"}


@dataclass
class Gitea:
    """Accounts, organisations, teams, repositories and packages.

    Attributes:
        administrator: Name and password of the one account that may ask.
        changes: Requests that were to change something.
    """

    administrator: tuple[str, str]
    organisations: dict[str, dict[str, Any]] = field(default_factory=dict)
    teams: dict[int, dict[str, Any]] = field(default_factory=dict)
    repositories: dict[str, list[str]] = field(default_factory=dict)
    packages: dict[str, list[str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Reply:
        """The answer to any request."""
        token = base64.b64encode(":".join(self.administrator).encode()).decode()
        if request.headers.get("Authorization") != f"Basic {token}":
            return Reply(401, {"message": "invalid username, password or token"})
        url = urlsplit(request.path)
        if request.method != "GET":
            self.changes.append(f"{request.method} {url.path}")
        body = json.loads(request.body) if request.body else {}
        for method, pattern, answer in self._routes():
            found = re.fullmatch(f"/api/v1{pattern}", url.path)
            if found and method == request.method:
                reply = answer(found.groups(), body)
                return _page(reply, url.query) if isinstance(reply.body, list) else reply
        return Reply(404, {"message": "not found"})

    def _routes(self) -> tuple[tuple[str, str, Callable[[tuple[str, ...], dict[str, Any]], Reply]], ...]:
        return (
            ("GET", "/admin/users", lambda *_: Reply(body=self.accounts)),
            ("PATCH", "/admin/users/([^/]+)", self._edit_account),
            ("GET", "/orgs/([^/]+)", self._organisation),
            ("POST", "/orgs", self._make),
            ("PATCH", "/orgs/([^/]+)", self._edit),
            ("DELETE", "/orgs/([^/]+)", self._delete),
            ("GET", "/orgs/([^/]+)/teams", self._teams),
            ("POST", "/orgs/([^/]+)/teams", self._make_team),
            ("PATCH", "/teams/([0-9]+)", self._edit_team),
            ("GET", "/orgs/([^/]+)/repos", lambda path, _: Reply(body=_named(self.repositories, path[0], "full_name"))),
            ("GET", "/packages/([^/]+)", lambda path, _: Reply(body=_named(self.packages, path[0], "name"))),
        )

    def _edit_account(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        """`source_id` is required, and makes the account one of that source (UpdateAuth, services/user/update.go)."""
        account = self.account(path[0])
        if (body["source_id"], body["login_name"]) != (account["source_id"], account["login_name"]):
            return Reply(422, {"message": "another login would take the account over"})
        account.update(body)
        return Reply(body=account)

    def account(self, name: str) -> dict[str, Any]:
        """The one account of that name."""
        (found,) = [account for account in self.accounts if account["login"] == name]
        return found

    def _organisation(self, path: tuple[str, ...], _: Any) -> Reply:
        (name,) = path
        if name in self.renamed:
            return Reply(307, headers={"Location": f"/api/v1/orgs/{self.renamed[name]}"})
        found = self.organisations.get(name)
        return Reply(404, {"message": "not found"}) if found is None else Reply(body=found)

    def _make(self, _: tuple[str, ...], body: dict[str, Any]) -> Reply:
        name = body["username"]
        if any(account["login"] == name for account in self.accounts):
            return Reply(422, {"message": f"user already exists [name: {name}]"})
        self.organisations[name] = {"name": name, "visibility": body["visibility"]}
        self._add(name, {**_OWNERS, "can_create_org_repo": True})
        return Reply(201, self.organisations[name])

    def _edit(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        self.organisations[path[0]].update(body)
        return Reply(body=self.organisations[path[0]])

    def _delete(self, path: tuple[str, ...], _: Any) -> Reply:
        del self.organisations[path[0]]
        return Reply(204)

    def _teams(self, path: tuple[str, ...], _: Any) -> Reply:
        return Reply(body=[team for team in self.teams.values() if team["organisation"] == path[0]])

    def _make_team(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        return Reply(201, self._add(path[0], _as_stored(body)))

    def _edit_team(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        self.teams[int(path[0])].update(_as_stored(body))
        return Reply(body=self.teams[int(path[0])])

    def _add(self, organisation: str, team: dict[str, Any]) -> dict[str, Any]:
        number = len(self.teams) + 1
        self.teams[number] = {"id": number, "organisation": organisation, **team}
        return self.teams[number]

    def team(self, name: str) -> dict[str, Any]:
        """The one team of that name."""
        (found,) = [team for team in self.teams.values() if team["name"] == name]
        return found


def _as_stored(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read and write are kept for the units alone (ParseAccessMode(form.Permission, none, admin))."""
    administers = body["permission"] == "admin"
    units = _ADMINISTERED if administers else body["units_map"]
    return {**body, "permission": "admin" if administers else "none", "units_map": dict(units)}


def _named(held: Mapping[str, list[str]], owner: str, key: str) -> list[dict[str, str]]:
    return [{key: one} for one in held.get(owner, ())]


def _page(reply: Reply, query: str) -> Reply:
    asked = {key: int(values[0]) for key, values in parse_qs(query).items()}
    size, page = min(asked["limit"], 50), asked["page"]
    return Reply(reply.status, reply.body[size * (page - 1) : size * page])
