"""The simulated Harbor: its API, with the account that the chart gives to the first start of core."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from doubles.harbor.content import HELD, Harbor
from doubles.loopback import Reply, Request
from lab.providers import kept
from lab.providers.kubernetes.api_server import started
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import Backend
from lab.providers.kubernetes.pods import data_of, environment

CONTENT: Final = "harbor/content"
"""Table of the world: release -> what its database holds."""


def respond(cluster: Cluster, service: Backend, request: Request) -> Reply:
    """The answer to a request."""
    release = cluster.world.view(RELEASES)[f"{service.namespace}/{service.name}"]
    variables = release["values"].get("core", {}).get("extraEnvVars") or []
    harbor = Harbor(
        password=_password(cluster, release),
        # A pod of the lab has the variables of now, and Valkey refuses the old ones of a core that was not restarted.
        cache_url=environment(cluster, service.namespace, {"env": variables}).get("_REDIS_URL_REG", ""),
        reaches_cache=_written(cluster, service.namespace, variables) <= started(cluster, release),
        now=(cluster.now + timedelta(seconds=30)).isoformat(),
        **kept.load(cluster, CONTENT, service),
    )
    reply = harbor.respond(request)
    kept.save(cluster, CONTENT, service, harbor, HELD)
    return reply


def _password(cluster: Cluster, release: Mapping[str, Any]) -> str:
    """Of the administrator."""
    values = release["values"]
    held = data_of(cluster, "Secret", str(release["namespace"]), values.get("existingSecretAdminPassword", ""))
    return held.get(values.get("existingSecretAdminPasswordKey", "HARBOR_ADMIN_PASSWORD"), "")


def _written(cluster: Cluster, namespace: str, variables: list[Mapping[str, Any]]) -> datetime:
    """When the youngest Secret of these variables got its values."""
    origins = [one.get("valueFrom", {}).get("secretKeyRef") for one in variables]
    times = (cluster.written(namespace, one["name"]) for one in origins if one)
    return max(times, default=cluster.time(0))
