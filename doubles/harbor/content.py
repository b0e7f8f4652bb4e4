"""The API of Harbor 2.15.2 for what it holds, as its handlers behave (src/server/v2.0/handler).

It is strict where Harbor is: names are taken once, lists come in pages, a registry must be reachable, and a request
without a right password is one of nobody.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from doubles.harbor.projects import ADMINISTRATOR, Entry, Projects, refusal
from doubles.loopback import Reply, Request

HELD = (
    *("registries", "projects", "members", "quotas", "retentions", "number"),
    *("robots", "passwords", "schedules", "images", "collections"),
)
"""Attributes that its database holds."""
_PREFIX = "robot$"
_RIGHTS = frozenset(
    (
        ("repository", "pull"),
        ("repository", "push"),
        ("repository", "delete"),
        ("artifact", "delete"),
        ("tag", "delete"),
    )
)


@dataclass
class Harbor(Projects):
    """All of it.

    Attributes:
        password: Of the administrator.
        images: Names of projects that hold some.
        collections: Runs of the garbage collection with their logs.
        unreachable: URLs that it cannot reach.
        cache_url: Core's variable.
        now: Core's clock.
        reaches_cache: Whether core's connection to Valkey works.
    """

    password: str = "correct horse"
    robots: dict[int, Entry] = field(default_factory=dict)
    passwords: dict[int, str] = field(default_factory=dict)
    schedules: dict[str, Entry] = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)
    images: list[str] = field(default_factory=list)
    collections: list[tuple[Entry, str]] = field(default_factory=list)
    cache_url: str = "redis://harbor:first@valkey/3"
    now: str = "2099-01-01T00:00:10.250Z"
    reaches_cache: bool = True
    down: bool = False

    def __post_init__(self) -> None:
        if not self.number:  # what it brings along
            self._project({"project_name": "library", "metadata": {"public": "true"}, "storage_limit": -1})

    def respond(self, request: Request) -> Reply:
        """The answer to any request."""
        if self.down:
            return Reply(503)
        user = self._user(request)
        parts = urlsplit(request.path)
        if parts.path == "/v2/":
            return Reply(200) if user is not None else refusal(401, "unauthorized")
        path = parts.path.removeprefix("/api/v2.0")
        if user != ADMINISTRATOR:
            public = [one for one in self.projects.values() if one["metadata"]["public"] == "true"]
            return self._page(public, parts.query) if path == "/projects" else refusal(401, "unauthorized")
        body = json.loads(request.body) if request.body else None
        for method, pattern, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if method == request.method and found is not None:
                return answer(*found.groups(), **({"query": parts.query} if method == "GET" else {"body": body}))
        return refusal(404, f"path {path} was not found")

    def _user(self, request: Request) -> str | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(text).decode().partition(":") if kind == "Basic" else ("", "", "")
        if (user, password) == (ADMINISTRATOR, self.password):
            return user
        for number, robot in self.robots.items():
            if (robot["name"], self.passwords[number]) == (user, password) and not robot["disable"]:
                return user
        return None

    def _routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        members = r"/projects/(\d+)/members"
        return [
            ("GET", "/(registries|projects|robots|quotas)", self._list),
            ("POST", "/registries", self._registry),
            ("PUT", r"/registries/(\d+)", self._change_registry),
            ("POST", "/projects", self._project),
            ("PUT", r"/projects/(\d+)", self._change_project),
            ("GET", members, self._list_members),
            ("POST", members, self._member),
            ("PUT", rf"{members}/(\d+)", self._change_member),
            ("DELETE", rf"{members}/(\d+)", lambda _, number, body: self._drop(self.members, number)),
            ("PUT", r"/quotas/(\d+)", self._change_quota),
            ("GET", r"/retentions/(\d+)", lambda number, query: self._retention_of(number)),
            ("POST", "/retentions", self._retention),
            ("PUT", r"/retentions/(\d+)", self._change_retention),
            ("DELETE", r"/retentions/(\d+)", lambda number, body: self._drop_retention(int(number))),
            ("POST", "/robots", self._robot),
            ("PUT", r"/robots/(\d+)", self._change_robot),
            ("PATCH", r"/robots/(\d+)", self._robot_password),
            ("DELETE", r"/(registries|projects|robots)/(\d+)", self._delete),
            ("GET", "/system/(gc|scanAll)/schedule", lambda job, query: Reply(200, self._shown(job))),
            ("GET", "/system/gc", lambda query: self._page([run for run, _ in reversed(self.collections)], query)),
            ("GET", r"/system/gc/(\d+)/log", lambda number, query: Reply(200, self.collections[int(number)][1])),
            ("GET", "/health", lambda query: Reply(200, self._health())),
            ("PUT", "/system/(gc|scanAll)/schedule", self._schedule),
        ]

    def _list(self, table: str, query: str) -> Reply:
        rows = list(getattr(self, table).values())
        if table == "quotas" and "reference_id" in parse_qs(query):
            rows = [one for one in rows if str(one["ref"]["id"]) == parse_qs(query)["reference_id"][0]]
        return self._page(rows, query)

    def _registry(self, body: Entry) -> Reply:
        if any(one["name"] == body["name"] for one in self.registries.values()):
            return refusal(409, f"registry {body['name']} already exists")
        if body["url"] in self.unreachable:
            return refusal(400, "the registry is unhealthy")
        number = self._next()
        self.registries[number] = {**body, "id": number, "url": body["url"].rstrip("/"), "status": "healthy"}
        return Reply(201)

    def _change_registry(self, number: str, body: Entry) -> Reply:
        if body["url"] in self.unreachable:
            return refusal(400, "the registry is unhealthy")
        self.registries[int(number)].update(body)
        return Reply(200)

    def _robot(self, body: Entry) -> Reply:
        name = f"{_PREFIX}{body['name']}"
        if any(one["name"] == name for one in self.robots.values()):
            return refusal(409, f"robot account {body['name']} already exists")
        number = self._next()
        self.passwords[number] = f"made by Harbor {number}"  # a secret in the body is ignored
        return self._keep_robot(number, {**body, "name": name})

    def _change_robot(self, number: str, body: Entry) -> Reply:
        if body["name"] != self.robots[int(number)]["name"]:
            return refusal(400, "cannot update the level or name of robot")
        return self._keep_robot(int(number), body)

    def _keep_robot(self, number: int, body: Entry) -> Reply:
        names = {one["name"] for one in self.projects.values()} | {"*"}
        for scope in body["permissions"]:
            if scope["namespace"] not in names:
                return refusal(404, f"project {scope['namespace']} not found")
            if not scope["access"] or any((one["resource"], one["action"]) not in _RIGHTS for one in scope["access"]):
                return refusal(400, "bad request permission")
        self.robots[number] = {**body, "id": number}
        return Reply(201)

    def _robot_password(self, number: str, body: Entry) -> Reply:
        password = body["secret"]
        if not (8 <= len(password) <= 128 and all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", r"\d"))):
            return refusal(400, "the secret must be 8-128, inclusively, characters long")
        self.passwords[int(number)] = password
        return Reply(200, {"secret": ""})

    def _delete(self, table: str, number: str, body: None) -> Reply:
        row = getattr(self, table).get(int(number))
        if row is None:
            return refusal(404, "not found")
        if table == "projects" and row["name"] in self.images:
            return refusal(412, "the project contains repositories, can not be deleted")
        if table == "registries" and any(one.get("registry_id") == int(number) for one in self.projects.values()):
            return refusal(412, f"the registry {number} is referenced by proxy cache project, cannot delete it")
        return self._drop(getattr(self, table), number)

    def _schedule(self, job: str, body: Entry) -> Reply:
        cron = body["schedule"]["cron"]
        if body["schedule"]["type"] != "Custom" or len(cron.split()) != 6 or not cron.startswith("0 "):
            return refusal(400, "invalid cron string")
        kept = {"schedule": body["schedule"], "creation_time": self.now, "job_parameters": "{}"}
        if job == "gc":
            # Of the parameters three are kept to be shown; core adds its own, which is not.
            given = body.get("parameters") or {}
            shown = {key: given.get(key, False) for key in ("delete_untagged", "delete_tag", "workers")}
            kept |= {"job_parameters": json.dumps(shown), "redis_url_reg": self.cache_url}
        self.schedules[job] = kept
        return Reply(200)

    def _shown(self, job: str) -> Entry | str:
        kept = self.schedules.get(job)
        return "" if kept is None else {key: value for key, value in kept.items() if key != "redis_url_reg"}

    def _health(self) -> Entry:
        return {"components": [{"name": "redis", "status": "healthy" if self.reaches_cache else "unhealthy"}]}
