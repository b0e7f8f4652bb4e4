"""What the recovery of the real operations (tools/preparation.py) needs to know of the lab: its state and its cluster.

Nothing is recovered here: what the lab brings about is what `make up` and `make destroy` would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from doubles.kubernetes_api import KubernetesApi
from doubles.loopback import Request
from lab.checkout import Stack, command_line
from lab.providers.kubernetes.api_server import State as ApiState
from lab.providers.kubernetes.cluster import CLUSTERS, RELEASES
from lab.providers.kubernetes.cluster import Cluster as KubernetesObjects
from lab.site import Site
from tools.cluster import ClusterError, Volume
from tools.helm_release import FAILED, HelmRelease
from tools.preparation import Preparation
from tools.state import Engine, State

Emit = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class _Engine(Engine):
    """Reads the file of the lab's own backend: asking the CLI would take a second before each operation."""

    of: Stack

    def state(self, *, decrypted: bool = False) -> State | None:
        return None if decrypted else state(self.of)


def state(stack: Stack) -> State | None:
    """What `pulumi stack export` would give (DIYBackend: the checkpoint's `latest`); None before the first update."""
    file = stack.backend / ".pulumi" / "stacks" / stack.project_name / f"{stack.name}.json"
    if not file.exists():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    kept = {key: found[key] for key in ("version", "features") if key in found}
    return {**kept, "deployment": found["checkpoint"].get("latest") or {}}


@dataclass(frozen=True)
class _Cluster:
    """The simulated cluster, as its API server would answer."""

    site: Site

    def silence(self) -> str | None:
        clusters = self.site.world.view(CLUSTERS)
        if any(one["answers"] for one in clusters.values()):
            return None
        server = next(iter(clusters), "https://nowhere.invalid:6443")
        return f"{server} does not answer: {'connection refused' if clusters else 'no route to host'}"

    def newest(self, namespace: str, name: str) -> HelmRelease | None:
        record = self.site.world.get(RELEASES, f"{namespace}/{name}")
        if record is None:
            return None
        known = {key: record[key] for key in ("namespace", "name", "revision", "status", "chart")}
        return HelmRelease(**known, version=str(record["inputs"].get("version", "")))

    def mark_failed(self, release: HelmRelease) -> None:
        key = f"{release.namespace}/{release.name}"
        record = self.site.world.get(RELEASES, key)
        self.site.world.put(RELEASES, key, {**(record or {}), "status": FAILED}, sealed=True)

    def volumes(self) -> list[Volume]:
        return []

    def get(self, path: str) -> dict[str, Any]:
        reply = KubernetesApi(ApiState(KubernetesObjects(self.site))).respond(Request("GET", path, {}, b""), "admin")
        if reply.status != HTTPStatus.OK:
            raise ClusterError(f"the API answers {reply.status} for {path}")
        return dict(reply.body) if isinstance(reply.body, Mapping) else dict(json.loads(reply.body))


def prepare(stack: Stack, site: Site, operation: str, emit: Emit, options: Mapping[str, Any]) -> None:
    """Prepare an operation as the real ones are, with a person who agrees to everything; raises NotReadyError."""
    root = Path(command_line(stack.root))
    Preparation(
        engine=_Engine(root, stack.name, stack.project, stack),
        connect=lambda _: _Cluster(site),
        agree=lambda _: True,
        say=lambda text: emit({"event": "message", "severity": "warning", "urn": "", "text": text}),
        **options,
    ).prepare(operation)
