"""The registry of Harbor: its token service, uploads, manifests. Statuses are those of the OCI distribution spec."""

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from doubles.loopback import Reply
from doubles.web import Asked, set_cookie, unguessable

_REPOSITORY = re.compile(r"/v2/(?P<name>[^/]+/.+)/(?P<path>(?:blobs|manifests)/.*)")
_ACTIONS = {"GET": "pull", "POST": "push", "PUT": "push", "DELETE": "delete"}


@dataclass(frozen=True)
class Robot:
    """An account of programs: its password, and what it may do (`pull`, `push`, `delete`) in each project."""

    password: str
    rights: Mapping[str, Collection[str]]


@dataclass
class Registry:
    """Repositories, and the robots that may use them, by login."""

    host: str
    robots: Mapping[str, Robot]
    faults: Collection[str] = ()
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    tokens: dict[str, Robot] = field(default_factory=dict)

    def respond(self, asked: Asked) -> Reply | None:
        """None where the path is not the registry's."""
        if asked.path == "/service/token":
            return self._token(asked)
        if not asked.path.startswith("/v2/"):
            return None
        robot = self.tokens.get(asked.header("Authorization").removeprefix("Bearer "))
        if robot is None:
            where = f'Bearer realm="https://{self.host}/service/token",service="harbor-registry"'
            return Reply(401, {"errors": []}, {"WWW-Authenticate": where, "Set-Cookie": set_cookie("sid", "1")})
        if asked.request.method != "GET" and asked.cookie("sid"):
            return Reply(403, {"errors": [{"code": "FORBIDDEN", "message": "CSRF token not found in request"}]})
        return self._permit(robot, asked)

    def _token(self, asked: Asked) -> Reply:
        given = base64.b64decode(asked.header("Authorization").removeprefix("Basic ")).decode()
        login, _, password = given.partition(":")
        robot = self.robots.get(login)
        scoped = asked.query.get("scope", "").startswith("repository:")
        if robot is None or robot.password != password or not scoped or "robots are unknown" in self.faults:
            return Reply(401)
        token = unguessable()
        self.tokens[token] = robot
        return Reply(body={"token": token, "expires_in": 1800})

    def _permit(self, robot: Robot, asked: Asked) -> Reply:
        found = _REPOSITORY.fullmatch(asked.path)
        if found is None:
            return Reply(404)
        if _ACTIONS[asked.request.method] not in robot.rights.get(found["name"].partition("/")[0], ()):
            return Reply(401, {"errors": [{"code": "UNAUTHORIZED"}]})
        return self._serve(asked, found["name"], found["path"])

    def _serve(self, asked: Asked, repository: str, path: str) -> Reply:
        method, name = asked.request.method, path.rpartition("/")[2]
        if path == "blobs/uploads/" and method == "POST":
            full = "the quota is used up" in self.faults
            return Reply(403, {"errors": [{"code": "DENIED"}]}) if full else _begun(repository)
        if path.startswith("blobs/uploads/") and method == "PUT":
            return self._store(asked)
        if path.startswith("manifests/"):
            return self._manifest(asked, name)
        if path.startswith("blobs/") and name in self.blobs:
            content = self.blobs[name]
            return Reply(200, content[::-1] if "images change in the registry" in self.faults else content)
        return Reply(404)

    def _store(self, asked: Asked) -> Reply:
        wanted, content = asked.query["digest"], asked.request.body
        if wanted != _digest(content):
            return Reply(400, {"errors": [{"code": "DIGEST_INVALID"}]})
        self.blobs[wanted] = content
        return Reply(201)

    def _manifest(self, asked: Asked, name: str) -> Reply:
        method = asked.request.method
        if method == "PUT":
            if "tags are immutable" in self.faults:
                return Reply(412, {"errors": [{"code": "PRECONDITION"}]})
            content = asked.request.body
            self.manifests[name] = self.manifests[_digest(content)] = content
            return Reply(201)
        if name not in self.manifests:
            return Reply(404)
        if method == "DELETE":
            if "robots may not delete" in self.faults:
                return Reply(403)
            gone = self.manifests[name]
            self.manifests = {key: one for key, one in self.manifests.items() if one != gone}
            return Reply(202)
        lost = "images get lost" in self.faults
        return Reply(404) if lost else Reply(200, self.manifests[name])


def _begun(repository: str) -> Reply:
    return Reply(202, "", {"Location": f"/v2/{repository}/blobs/uploads/{unguessable()}?_state=x"})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
