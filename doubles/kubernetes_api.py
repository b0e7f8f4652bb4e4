"""The API server of Kubernetes, as far as scripts use it: objects by name, lists and new objects, for whoever may."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply, Request

_PATH: Final = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v\w+/(?:namespaces/(?P<namespace>[^/]+)/)?(?P<plural>[^/]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<subresource>scale))?)?"
)
_METADATA_ONLY: Final = "as=PartialObjectMetadata"


@dataclass(frozen=True)
class Target:
    """What a path names: a resource of a group, in a namespace or none, and one object of it or all (no `name`), or
    the `scale` of one.
    """

    group: str
    plural: str
    namespace: str
    name: str
    subresource: str = ""

    @property
    def resource(self) -> str:
        """`<plural>.<group>`, `<plural>` in the core group; that of a scale is `<plural>/scale.<group>`."""
        name = f"{self.plural}/{self.subresource}" if self.subresource else self.plural
        return f"{name}.{self.group}" if self.group else name


class State(Protocol):
    """The cluster."""

    def user(self, token: str) -> str | None:
        """Whose token it is."""

    def may(self, user: str, verb: str, target: Target) -> bool:
        """Whether a user's roles let it `get` or `list` that."""

    @property
    def version(self) -> str:
        """Such as v1.36.3."""

    def objects(self, target: Target) -> Iterable[Mapping[str, Any]]:
        """Every object of the target's resource in its namespace."""


@dataclass(frozen=True)
class KubernetesApi:
    """An API server over a cluster.

    Attributes:
        create: Keeps a new object; without it nobody can make one.
        scale: Selector of the pods of a workload, after it is to have that many where a number is given; None where
            there is no such workload.
    """

    state: State
    create: Callable[[Target, dict[str, Any]], None] | None = None
    scale: Callable[[Target, int | None], str | None] | None = None

    def respond(self, request: Request, user: str | None = None) -> Reply:
        """The answer to a request of `user`, or of whom the token is that comes with it."""
        url = urlsplit(request.path)
        if url.path in ("/readyz", "/version"):  # for everybody (ClusterRole system:public-info-viewer)
            return Reply(200, "ok" if url.path == "/readyz" else {"gitVersion": self.state.version})
        user = user or self.state.user(_header(request, "Authorization").removeprefix("Bearer "))
        if user is None:
            return _refusal(401, "Unauthorized")
        found = _PATH.fullmatch(url.path)
        answers = {"GET": self._read} | ({"POST": partial(self._made, self.create)} if self.create else {})
        if found is None or (request.method not in answers and not found["subresource"]):
            return _refusal(404, "the server could not find the requested resource")
        target = Target(**{key: value or "" for key, value in found.groupdict().items()})
        if target.subresource:
            return self._scaled(request, user, target)
        return answers[request.method](request, user, target)

    def _made(
        self, create: Callable[[Target, dict[str, Any]], None], request: Request, user: str, target: Target
    ) -> Reply:
        if not self.state.may(user, "create", target):
            return _forbidden(user, "create", target)
        made = json.loads(request.body)
        name = made["metadata"]["name"]
        if any(one["metadata"]["name"] == name for one in self.state.objects(target)):
            return _refusal(409, f'{target.resource} "{name}" already exists')
        create(target, made)
        return Reply(201, made)

    def _scaled(self, request: Request, user: str, target: Target) -> Reply:
        verb = {"GET": "get", "PATCH": "patch"}[request.method]
        if not self.state.may(user, verb, target):
            return _forbidden(user, verb, target)
        wanted = json.loads(request.body)["spec"]["replicas"] if verb == "patch" else None
        selector = self.scale(target, wanted) if self.scale else None
        if selector is None:
            return _refusal(404, f'{target.resource} "{target.name}" not found')
        return Reply(200, {"kind": "Scale", "spec": {}, "status": {"selector": selector}})

    def _read(self, request: Request, user: str, target: Target) -> Reply:
        verb = "get" if target.name else "list"
        if not self.state.may(user, verb, target):
            return _forbidden(user, verb, target)
        accept = _header(request, "Accept")
        if _METADATA_ONLY in accept and f"{_METADATA_ONLY}List" not in accept and not target.name:
            return _refusal(406, "only the following media types are accepted: application/json")
        objects = [_shown(one, accept) for one in self.state.objects(target)]
        if target.name:
            named = [one for one in objects if one["metadata"]["name"] == target.name]
            return Reply(200, named[0]) if named else _refusal(404, f'{target.resource} "{target.name}" not found')
        return Reply(200, {"kind": "List", "items": _selected(objects, urlsplit(request.path).query)})


def _header(request: Request, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")


def _shown(one: Mapping[str, Any], accept: str) -> Mapping[str, Any]:
    """The object, or its metadata alone for whoever accepts no more."""
    return {"kind": "PartialObjectMetadata", "metadata": one["metadata"]} if _METADATA_ONLY in accept else one


def _selected(objects: list[Mapping[str, Any]], query: str) -> list[Mapping[str, Any]]:
    """Those with the labels that are asked for; only equality is understood."""
    selector = parse_qs(query).get("labelSelector", [""])[0]
    wanted = dict(part.split("=", 1) for part in selector.split(",") if part)
    return [one for one in objects if wanted.items() <= (one["metadata"].get("labels") or {}).items()]


def _forbidden(user: str, verb: str, target: Target) -> Reply:
    what = f'{target.resource}{f" {target.name!r}" if target.name else ""} is forbidden: User "{user}"'
    return _refusal(403, f'{what} cannot {verb} resource "{target.plural}" in API group "{target.group}"')


def _refusal(code: int, message: str) -> Reply:
    return Reply(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})
