"""What the simulated controllers do, written to the real API server: the controllers of charts are not there."""

import contextlib
import http.client
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from lab.providers.kubernetes import nodes
from lab.providers.kubernetes.cluster import OBJECTS
from lab.providers.kubernetes.endpoints import RELEASE_NAME
from lab.providers.kubernetes.kinds import Kind
from lab.providers.talos.nodes import NODES
from lab.site import Site
from tests.real.kubernetes.api import Api
from tests.real.rig.vault import Vault

_SECONDS = 0.2
PATIENCE = 600.0
"""For what is only late on a busy machine; a fault is told after that, instead of never."""
_BAD_REQUEST = http.HTTPStatus.BAD_REQUEST
_SINCE = "2026-01-01T00:00:00Z"
_CONDITION = {"reason": "Simulated", "message": "", "lastTransitionTime": _SINCE}
_MERGE = "application/merge-patch+json"
_OWN_STATUS = ("Service", "networking.k8s.io/Ingress")
"""Kinds of Kubernetes itself whose status comes from controllers of charts."""
_REAL_OWNERS, _REAL_GROUPS = ("ExternalSecret",), ("external-secrets.io", "cert-manager.io")
_KUBELET_LABELS = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
"""With which each kubelet registers its node beside its name (initialNode, pkg/kubelet/kubelet_node_status.go)."""
_ISSUED = "cert-manager.io/issuer-name"
"""What real operators make, and what they report, they do themselves; Secrets of certificates have no owner."""


@dataclass
class Bridge:
    """Writes in a thread of its own, until it is stopped."""

    site: Site
    vault: Vault
    port: int
    authority: str
    token: str
    _seen: dict[str, Any] = field(default_factory=dict)
    _made: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _written: threading.Condition = field(default_factory=threading.Condition)
    _generation: int = -1
    _starting: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _api: Api | None = None

    def start(self) -> None:
        """Begin. The lab's time does not run until the real Vault is there."""
        self._starting.enter_context(self.site.clock.call())
        self._api = Api(self.port, ssl.create_default_context(cadata=self.authority), self.token)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self, grace: float | None) -> None:
        """End, once what was done by then is written."""
        del grace
        self._ended.set()
        self._thread.join()

    def catch_up(self) -> None:
        """Wait until all that was done by now is written, as far as it can be."""
        wanted = self.site.world.generation
        with self._written:
            self._written.wait_for(lambda: self._generation >= wanted or self._ended.is_set(), PATIENCE)

    def _run(self) -> None:
        patience, announced, last = time.monotonic() + PATIENCE, False, False
        while not last:
            last = self._ended.wait(_SECONDS)
            # A busy machine may keep an answer waiting; what is not written yet is written in the next round.
            with contextlib.suppress(OSError, http.client.HTTPException):
                announced = announced or self.vault.announce(self.site)
                if announced or last or time.monotonic() > patience:
                    self._starting.close()
                self._round()

    def _round(self) -> None:
        for name, body in self._nodes():
            if self._seen.get(name) is None and self.api.apply(body, "", keep=True).status < _BAD_REQUEST:
                self._seen[name] = body
        with self.site.world.transaction():
            generation = self.site.world.generation
            current = dict(self.site.world.view(OBJECTS))
        for key, one in current.items():
            if self._seen.get(key) is not one and self._write(key, one):
                self._seen[key] = one
        for key in self._made.keys() - current.keys():
            self._remove(self._made.pop(key))
        with self._written:
            self._generation = generation
            self._written.notify_all()

    @property
    def api(self) -> Api:
        assert self._api is not None, "it was started"
        return self._api

    def _write(self, key: str, one: Mapping[str, Any]) -> bool:
        """Whether all of an object that others did is written."""
        kind = Kind.of(dict(one))
        owners = {owner["kind"] for owner in one["metadata"].get("ownerReferences") or ()}
        annotations = one["metadata"].get("annotations") or {}
        if owners & set(_REAL_OWNERS) or kind.group in _REAL_GROUPS or _ISSUED in annotations:
            return True
        if not _is_the_programs(one) and RELEASE_NAME not in annotations:
            body = _bare(one)
            if self.api.kind(one["apiVersion"], one["kind"]) is None:
                return False
            answer = self.api.apply(body, "", keep=True)
            if answer.status >= _BAD_REQUEST:
                return False
            self._made[key] = body
        if one["kind"] in ("Secret", "ConfigMap") and _is_the_programs(one) and one.get("data"):
            # Scripts in pods put values into those that the program made.
            path = self._path(one)
            return bool(path) and self.api.ask("PATCH", path, {"data": one["data"]}, _MERGE).status < _BAD_REQUEST
        path = f"{kind.group}/{kind.kind}" if kind.group else kind.kind
        if one.get("status") and (("." in kind.group and not kind.group.endswith(".k8s.io")) or path in _OWN_STATUS):
            return self._report(one)
        return True

    def _report(self, one: Mapping[str, Any]) -> bool:
        path = self._path(one)
        status = deepcopy(dict(one["status"]))
        live = self.api.ask("GET", path).body if path else {}
        generation = {"observedGeneration": live.get("metadata", {}).get("generation", 1)}
        if conditions := status.get("conditions"):
            of = [generation if "observedGeneration" in one else {} for one in conditions]
            status["conditions"] = [{**_CONDITION, **one, **now} for one, now in zip(conditions, of, strict=True)]
        if "observedGeneration" in status:
            status |= generation
        if one["kind"] == "Service":
            status.pop("conditions", None)
        answer = self.api.ask("PATCH", f"{path}/status", {"status": status}, _MERGE) if path else None
        return answer is not None and answer.status < _BAD_REQUEST

    def _path(self, one: Mapping[str, Any]) -> str:
        found = self.api.kind(one["apiVersion"], one["kind"])
        metadata = one["metadata"]
        return f"{found.collection(metadata.get('namespace', ''))}/{metadata['name']}" if found else ""

    def _remove(self, body: Mapping[str, Any]) -> None:
        if path := self._path(body):
            self.api.ask("DELETE", path)

    def _nodes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        with self.site.world.transaction():
            records = [dict(one) for one in self.site.world.view(NODES).values()]
        for record in records:
            labels, taints = nodes.registered(record["config"])
            labels = {**labels, **_KUBELET_LABELS, "kubernetes.io/hostname": record["name"]}
            metadata = {"name": record["name"], "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
            yield (
                f"Node {record['name']}",
                {
                    "apiVersion": "v1",
                    "kind": "Node",
                    "metadata": metadata,
                    "spec": {"taints": taints},
                },
            )


def _is_the_programs(one: Mapping[str, Any]) -> bool:
    return any(entry["manager"] == "pulumi-kubernetes" for entry in one["metadata"].get("managedFields") or ())


def _bare(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {key: value for key, value in one["metadata"].items() if key in kept}
    return {**{key: value for key, value in one.items() if key != "status"}, "metadata": metadata}
