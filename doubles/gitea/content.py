"""The API of Gitea for organisations, teams and repositories, with the oddities of Gitea 1.26.2."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply, Request

HELD = ("organisations", "teams", "repositories", "packages", "renamed", "accounts", "contents")
"""Attributes that its database holds."""
_OWNERS = {"name": "Owners", "permission": "owner", "units_map": {}, "includes_all_repositories": True}
_ADMINISTERED = {"repo.code": "admin", "repo.issues": "admin", "repo.ext_wiki": "admin"}


@dataclass
class Gitea:
    """Accounts, organisations, teams, repositories and packages.

    Attributes:
        administrator: Name and password of the one account that may ask for everything; others are told who they are.
        contents: What is in a repository that was made here: `branch`, `files` and `access`, by its full name.
        changes: Requests that were to change something.
    """

    administrator: tuple[str, str]
    organisations: dict[str, dict[str, Any]] = field(default_factory=dict)
    teams: dict[int, dict[str, Any]] = field(default_factory=dict)
    repositories: dict[str, list[str]] = field(default_factory=dict)
    packages: dict[str, list[str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    contents: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Reply:
        """The answer to any request."""
        url, asks = urlsplit(request.path), request.headers.get("Authorization")
        if asks != _basic(*self.administrator):
            known = url.path == "/api/v1/user" and any(asks == _basic(*one) for one in self.passwords().items())
            return Reply(body={}) if known else Reply(401, {"message": "invalid username, password or token"})
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
            ("POST", "/admin/users", self._make_account),
            ("PATCH", "/admin/users/([^/]+)", self._edit_account),
            ("GET", "/users/([^/]+)", self._user),
            ("POST", "/orgs/([^/]+)/repos", self._make_repository),
            ("GET", "/repos/([^/]+/[^/]+)", self._repository),
            ("POST", "/repos/([^/]+/[^/]+)/contents", self._commit),
            ("GET", "/repos/([^/]+/[^/]+)/collaborators/([^/]+)/permission", self._access),
            ("PUT", "/repos/([^/]+/[^/]+)/collaborators/([^/]+)", self._admit),
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

    def passwords(self) -> dict[str, str]:
        """Of accounts that may use theirs (services/auth/basic.go)."""
        return {
            one["login"]: one["password"]
            for one in self.accounts
            if "password" in one and one["active"] and not one["prohibit_login"]
        }

    def _make_account(self, _: tuple[str, ...], body: dict[str, Any]) -> Reply:
        name = body["username"]
        account = {"login": name, "source_id": 0, "active": True, "prohibit_login": False, **body}
        self.accounts.append(account)
        return Reply(201, account)

    def _user(self, path: tuple[str, ...], _: Any) -> Reply:
        found = next((one for one in self.accounts if one["login"] == path[0]), None)
        return Reply(404, {"message": "not found"}) if found is None else Reply(body=found)

    def _make_repository(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        name = f"{path[0]}/{body['name']}"
        self.repositories.setdefault(path[0], []).append(name)
        self.contents[name] = {"branch": body["default_branch"], "private": body["private"], "files": {}, "access": {}}
        return Reply(201, {"full_name": name})

    def _repository(self, path: tuple[str, ...], _: Any) -> Reply:
        found = self.contents.get(path[0])
        return Reply(404, {"message": "not found"}) if found is None else Reply(body={"empty": not found["files"]})

    def _commit(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        """Many files at once, of which none may be there (ChangeRepoFiles in services/repository/files/update.go)."""
        found = self.contents[path[0]]
        added = {one["path"]: base64.b64decode(one["content"]).decode() for one in body["files"]}
        if found["files"].keys() & added.keys() or body["branch"] != found["branch"]:
            return Reply(422, {"message": "repository file already exists"})
        found["files"] |= added
        return Reply(201, {})

    def _access(self, path: tuple[str, ...], _: Any) -> Reply:
        return Reply(body={"permission": self.contents[path[0]]["access"].get(path[1], "none")})

    def _admit(self, path: tuple[str, ...], body: dict[str, Any]) -> Reply:
        self.contents[path[0]]["access"][path[1]] = body["permission"]
        return Reply(204)

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


def _basic(username: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


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
