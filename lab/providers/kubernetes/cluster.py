"""The objects of the simulated cluster, as an API server holds them."""

from __future__ import annotations

import base64
import copy
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lab.providers.kubernetes.kinds import Kind
from lab.providers.wire import Properties
from lab.site import Site
from lab.world import World

OBJECTS: Final = "kubernetes/objects"
CRDS: Final = "kubernetes/crds"
RELEASES: Final = "kubernetes/releases"
WRITTEN: Final = "kubernetes/written"
"""Table of the world: key of a Secret -> `at`, the minute in which it got its values; and `now` -> the last one."""
RESTARTS: Final = "reloader/restarts"
VAULTS: Final = "vault/servers"
CLUSTERS: Final = "kubernetes/clusters"

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEM_NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")


def object_key(group: str, kind: str, namespace: str, name: str) -> str:
    """Key of an object in the world; versions of a group share their objects, as in etcd."""
    return f"{group}/{kind}/{namespace}/{name}"


class Cluster:
    """Reads and writes objects of a world; objects returned are copies unless said otherwise."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.world: World = site.world

    def get(self, kind: str, namespace: str, name: str, group: str = "") -> Properties | None:
        """The object, or None; `kind` may carry its group as in `apps/Deployment`."""
        if "/" in kind:
            group, kind = kind.rsplit("/", 1)
        return self.world.get(OBJECTS, object_key(group, kind, namespace, name))

    def look(self, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """As `get` without copying; for looking only."""
        group, _, kind = kind.rpartition("/")
        return self.world.view(OBJECTS).get(object_key(group, kind, namespace, name))

    def exists(self, kind: str, namespace: str, name: str) -> bool:
        """Whether the object is there."""
        return self.look(kind, namespace, name) is not None

    def each(self, kind: str, namespace: str | None = None) -> Iterator[Mapping[str, Any]]:
        """Every object of a kind (`group/Kind`), possibly of one namespace; for looking only, under the lock."""
        group, _, short = kind.rpartition("/")
        prefix = f"{group}/{short}/" if namespace is None else f"{group}/{short}/{namespace}/"
        view = self.world.view(OBJECTS)
        for key in self.world.keys(OBJECTS, prefix):
            if key in view:
                yield view[key]

    def store(self, obj: Properties) -> None:
        """Write an object; Secrets are sealed."""
        kind = Kind.of(obj)
        metadata = obj["metadata"]
        key = object_key(kind.group, kind.kind, metadata.get("namespace", ""), metadata["name"])
        if kind.kind == "Secret" and (self.world.view(OBJECTS).get(key) or {}).get("data") != obj.get("data"):
            self.world.put(WRITTEN, key, {"at": self.tick(), "second": self.site.clock.now})
        self.world.put(OBJECTS, key, obj, sealed=kind.kind == "Secret")

    def remove(self, kind: str, namespace: str, name: str) -> bool:
        """Delete an object and what it owns; False when it was not there."""
        group, _, short = kind.rpartition("/")
        obj = self.get(kind, namespace, name)
        if obj is None or not self.world.delete(OBJECTS, object_key(group, short, namespace, name)):
            return False
        uid = obj["metadata"].get("uid")
        with self.world.transaction():
            owned = [
                item["metadata"]
                | {"kind": f"{Kind.of(item).group}/{item['kind']}" if Kind.of(item).group else item["kind"]}
                for item in self.world.view(OBJECTS).values()
                if any(owner.get("uid") == uid for owner in item["metadata"].get("ownerReferences", []))
            ]
        for item in owned:
            self.remove(item["kind"], item.get("namespace", ""), item["name"])
        return True

    def within(self, namespace: str) -> list[Mapping[str, Any]]:
        """Every object in a namespace."""
        with self.world.transaction():
            objects = self.world.view(OBJECTS).values()
            return [item for item in objects if item["metadata"].get("namespace") == namespace]

    def empty_namespace(self, name: str) -> None:
        """Delete everything in a namespace that was deleted."""
        with self.world.transaction():
            objects = self.world.view(OBJECTS).items()
            for key in [key for key, item in objects if item["metadata"].get("namespace") == name]:
                self.world.delete(OBJECTS, key)
            for key in [key for key, item in self.world.view(RELEASES).items() if item["namespace"] == name]:
                self.world.delete(RELEASES, key)

    def set_status(self, obj: Mapping[str, Any], status: Properties) -> None:
        """Write an object's status, if it changed."""
        if obj.get("status") != status:
            changed = copy.deepcopy(dict(obj))
            changed["status"] = copy.deepcopy(status)
            self.store(changed)

    def has_namespace(self, name: str) -> bool:
        """Whether the namespace exists; the four of every cluster always do."""
        return name in SYSTEM_NAMESPACES or self.exists("Namespace", "", name)

    def apply_owned(self, owner: Mapping[str, Any], obj: Properties) -> None:
        """Create or replace an object that a controller makes for `owner`."""
        metadata = owner["metadata"]
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": metadata["name"]}
        obj["metadata"]["ownerReferences"] = [{**reference, "uid": metadata["uid"]}]
        self.apply_plain(obj)

    def apply_plain(self, obj: Properties) -> None:
        """Create an object, or replace all but its status and identity, if anything differs."""
        kind, metadata = Kind.of(obj), obj["metadata"]
        path = f"{kind.group}/{kind.kind}" if kind.group else kind.kind
        current = self.get(path, metadata.get("namespace", ""), metadata["name"])
        metadata["uid"] = current["metadata"]["uid"] if current else fake_uid(kind, metadata)
        if current and "status" in current:
            obj.setdefault("status", current["status"])
        self.store(obj)

    def tick(self) -> int:
        """Let a minute pass, so that what happens now is later than all that has happened; the minutes so far."""
        minutes = int((self.world.get(WRITTEN, "now") or {"at": 0})["at"]) + 1
        self.world.put(WRITTEN, "now", {"at": minutes})
        return minutes

    @property
    def now(self) -> datetime:
        """What the clock on the wall says."""
        return self.time((self.world.get(WRITTEN, "now") or {"at": 0})["at"])

    def written(self, namespace: str, secret: str) -> datetime:
        """When a Secret got its values."""
        return self.time((self.world.get(WRITTEN, object_key("", "Secret", namespace, secret)) or {"at": 0})["at"])

    @staticmethod
    def time(minutes: int) -> datetime:
        """A minute's time."""
        return _BEGIN + timedelta(minutes=minutes)

    def api(self) -> Properties | None:
        """The cluster's record (server, version, CA digest, whether it answers), or None before the bootstrap."""
        with self.world.transaction():
            return next(iter(self.world.table(CLUSTERS).values()), None)

    def version(self) -> str:
        """The Kubernetes version, such as 1.36.3."""
        api = self.api()
        return str(api["version"]) if api else "1.36.0"


def fake_uid(kind: Kind, metadata: Mapping[str, Any]) -> str:
    """A repeatable uid: names of deleted objects are not reused with other owners in the lab."""
    text = json.dumps([kind.group, kind.kind, metadata.get("namespace", ""), metadata["name"]])
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def secret_data(secret: Mapping[str, Any]) -> dict[str, str]:
    """The decoded data of a Secret object."""
    return {key: base64.b64decode(value).decode() for key, value in (secret.get("data") or {}).items()}


def encoded(data: Mapping[str, str]) -> dict[str, str]:
    """Secret data in the form the API server keeps it."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}


def labels_match(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether labels satisfy an equality selector."""
    return all(labels.get(key) == value for key, value in selector.items())


def selects(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Whether labels satisfy a label selector; an empty one selects everything."""
    return labels_match(selector.get("matchLabels") or {}, labels) and all(
        _meets(rule, labels) for rule in selector.get("matchExpressions") or []
    )


def _meets(rule: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    value, values = labels.get(rule["key"]), rule.get("values") or []
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[rule["operator"]]
