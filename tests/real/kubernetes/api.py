"""The API of Kubernetes as a client sees it, as much of it as the tests need."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

APPLY = "application/apply-patch+yaml"
_JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """A response.

    Attributes:
        body: An object, or the Status that says why there is none.
        warnings: What the server thinks of a request that it accepts.
    """

    status: int
    body: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """Why the server refused, or what it warned of; empty where it is content."""
        if self.status >= http.HTTPStatus.BAD_REQUEST:
            return [f"{self.status} {self.body.get('message', self.body)}"]
        return [f"warning: {text}" for text in self.warnings]


@dataclass(frozen=True)
class Kind:
    """Where the objects of a kind are.

    Attributes:
        path: Of the group and version, such as `/apis/apps/v1`.
        plural: Name in a path.
        namespaced: Whether a namespace belongs into the path.
    """

    path: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """Path of all objects, of a namespace if they have one."""
        place = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.path}{place}/{self.plural}"


@dataclass
class Api:
    """A client of one server, which keeps its connection.

    Attributes:
        port: On the loopback.
        context: Trusts the server's certificate.
        token: Of who asks.
    """

    port: int
    context: ssl.SSLContext
    token: str
    _kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    _connection: http.client.HTTPSConnection | None = None

    def using(self, token: str) -> "Api":
        """The same server for somebody else."""
        return Api(self.port, self.context, token)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        content_type: str = _JSON,
        accept: str = _JSON,
    ) -> Answer:
        """Whatever the server answers, errors too."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": accept}
        content = None if body is None else json.dumps(body)
        rested = self._connection is not None
        try:
            response, text = self._send(method, path, content, headers)
        except ConnectionError:
            if not rested:
                raise
            # The server may close a connection that rests.
            response, text = self._send(method, path, content, headers)
        warnings = tuple(response.headers.get_all("Warning") or ())
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = {"message": text.decode(errors="replace")}
        return Answer(response.status, parsed, warnings)

    def expect(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The object in the answer to a request that must succeed."""
        answer = self.ask(method, path, body)
        assert answer.status < http.HTTPStatus.BAD_REQUEST, f"{method} {path}: {answer.problems}"
        return answer.body

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """Where objects of a kind are; None where the server does not know it."""
        if (api_version, kind) not in self._kinds:
            path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            for one in self.ask("GET", path).body.get("resources", ()):
                if "/" not in one["name"]:
                    self._kinds[api_version, one["kind"]] = Kind(path, one["name"], one["namespaced"])
        return self._kinds.get((api_version, kind))

    def apply(self, manifest: Mapping[str, Any], namespace: str, *, keep: bool) -> Answer:
        """Server-side apply of an object of a kind that the server knows, which refuses fields that it does not know.

        `namespace` is for an object that names none. Without `keep` the server goes through everything, admission
        included, and forgets the object (https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run).
        """
        kind = self.kind(manifest["apiVersion"], manifest["kind"])
        assert kind is not None, f"{manifest['apiVersion']} {manifest['kind']} is served"
        metadata = manifest["metadata"]
        collection = kind.collection(metadata.get("namespace") or namespace)
        query = f"fieldManager=home-cluster&force=true&fieldValidation=Strict{'' if keep else '&dryRun=All'}"
        return self.ask("PATCH", f"{collection}/{metadata['name']}?{query}", manifest, APPLY)

    def create(self, manifest: Mapping[str, Any], namespace: str) -> Answer:
        """What the server would say to a new object, which it forgets."""
        kind = self.kind(manifest["apiVersion"], manifest["kind"])
        assert kind is not None, f"{manifest['apiVersion']} {manifest['kind']} is served"
        return self.ask("POST", f"{kind.collection(namespace)}?fieldValidation=Strict&dryRun=All", manifest)

    def versions(self) -> list[str]:
        """Every API version, and every kind as `<version>/<kind>`: what Helm calls capabilities."""
        groups = self.expect("GET", "/apis")["groups"]
        found = ["v1", *(version["groupVersion"] for group in groups for version in group["versions"])]
        kinds = [
            f"{version}/{one['kind']}"
            for version in found
            for one in self.expect("GET", f"/apis/{version}" if "/" in version else f"/api/{version}")["resources"]
        ]
        return [*found, *dict.fromkeys(kinds)]

    def _send(
        self, method: str, path: str, content: str | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connection or http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=300, context=self.context
        )
        self._connection = None  # unless it goes well
        connection.request(method, path, content, dict(headers))
        response = connection.getresponse()
        text = response.read()
        self._connection = connection
        return response, text
