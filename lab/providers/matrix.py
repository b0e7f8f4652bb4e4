"""What the Job of chat's sessions finds: the admin API of the authentication service of a release."""

from __future__ import annotations

from typing import Any, Final

import yaml

from doubles.loopback import Reply, Request
from doubles.matrix_admin import MatrixAdmin
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import Backend
from lab.providers.kubernetes.pods import mounted_files

SESSIONS: Final = "matrix/sessions"
"""Table of the world: name that the login has for a person -> kind of session -> ids of the open ones."""


def respond(cluster: Cluster, backend: Backend, request: Request) -> Reply:
    """The service knows the clients of its configuration, each with what lies in its file."""
    release = cluster.world.get(RELEASES, f"{backend.namespace}/{backend.name}") or {"values": {}}
    service = release["values"].get("matrixAuthenticationService") or {}
    documents = [yaml.safe_load(one["config"]) for one in (service.get("additional") or {}).values()]
    merged: dict[str, Any] = {key: value for document in documents for key, value in document.items()}
    volumes = {one["name"]: one for one in service.get("extraVolumes") or []}
    files = mounted_files(cluster, backend.namespace, volumes, service.get("extraVolumeMounts") or [])
    double = MatrixAdmin(
        clients={one["client_id"]: files.get(one["client_secret_file"], "") for one in merged.get("clients") or []},
        admin_clients=tuple(merged.get("policy", {}).get("data", {}).get("admin_clients") or ()),
        people={name: dict(kinds) for name, kinds in cluster.world.table(SESSIONS).items()},
    )
    reply = double(request)
    if double.finished:
        for name, kinds in double.people.items():
            cluster.world.put(SESSIONS, name, kinds)
    return reply
