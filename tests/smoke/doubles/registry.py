"""The registry of Harbor: its token service, uploads, manifests. Statuses are those of the OCI distribution spec."""

import base64
import hashlib

from doubles.loopback import Reply
from doubles.web import Asked, set_cookie, unguessable
from settings import Settings

LOGIN, SECRET = "robot$builder", "builder-secret"


class Registry:
    """Repositories of one project, and one robot that may use them."""

    def __init__(self, settings: Settings, lies: set[str]) -> None:
        self._host, self._lies = settings.harbor.host, lies
        self._tokens: set[str] = set()
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}

    def respond(self, asked: Asked) -> Reply | None:
        """None where the path is not the registry's."""
        if asked.path == "/service/token":
            return self._token(asked)
        if not asked.path.startswith("/v2/"):
            return None
        if asked.header("Authorization").removeprefix("Bearer ") not in self._tokens:
            where = f'Bearer realm="https://{self._host}/service/token",service="harbor-registry"'
            return Reply(401, {"errors": []}, {"WWW-Authenticate": where, "Set-Cookie": set_cookie("sid", "1")})
        if asked.request.method != "GET" and asked.cookie("sid"):
            return Reply(403, {"errors": [{"code": "FORBIDDEN", "message": "CSRF token not found in request"}]})
        return self._serve(asked, asked.path.removeprefix("/v2/tools/smoke/"))

    def _token(self, asked: Asked) -> Reply:
        basic = base64.b64encode(f"{LOGIN}:{SECRET}".encode()).decode()
        scoped = asked.query.get("scope", "").startswith("repository:tools/smoke:")
        if asked.header("Authorization") != f"Basic {basic}" or not scoped or "robots are unknown" in self._lies:
            return Reply(401)
        token = unguessable()
        self._tokens.add(token)
        return Reply(body={"token": token, "expires_in": 1800})

    def _serve(self, asked: Asked, path: str) -> Reply:
        method, name = asked.request.method, path.rpartition("/")[2]
        if path == "blobs/uploads/" and method == "POST":
            full = "the quota is used up" in self._lies
            return Reply(403, {"errors": [{"code": "DENIED"}]}) if full else self._begin()
        if path.startswith("blobs/uploads/") and method == "PUT":
            return self._store(asked)
        if path.startswith("manifests/"):
            return self._manifest(asked, name)
        if path.startswith("blobs/") and name in self.blobs:
            content = self.blobs[name]
            return Reply(200, content[::-1] if "images change in the registry" in self._lies else content)
        return Reply(404)

    def _begin(self) -> Reply:
        return Reply(202, "", {"Location": f"/v2/tools/smoke/blobs/uploads/{unguessable()}?_state=x"})

    def _store(self, asked: Asked) -> Reply:
        wanted, content = asked.query["digest"], asked.request.body
        if wanted != _digest(content):
            return Reply(400, {"errors": [{"code": "DIGEST_INVALID"}]})
        self.blobs[wanted] = content
        return Reply(201)

    def _manifest(self, asked: Asked, name: str) -> Reply:
        method = asked.request.method
        if method == "PUT":
            if "tags are immutable" in self._lies:
                return Reply(412, {"errors": [{"code": "PRECONDITION"}]})
            content = asked.request.body
            self.manifests[name] = self.manifests[_digest(content)] = content
            return Reply(201)
        if name not in self.manifests:
            return Reply(404)
        if method == "DELETE":
            if "robots may not delete" in self._lies:
                return Reply(403)
            gone = self.manifests[name]
            self.manifests = {key: one for key, one in self.manifests.items() if one != gone}
            return Reply(202)
        lost = "images get lost" in self._lies
        return Reply(404) if lost else Reply(200, self.manifests[name])


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
