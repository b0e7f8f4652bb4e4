"""The simulated Gitea: its API, with the account that the chart makes of a Secret."""

from __future__ import annotations

from typing import Final

from doubles.gitea.content import HELD, Gitea
from doubles.loopback import Reply, Request
from lab.providers import kept
from lab.providers.kubernetes.cluster import RELEASES, Cluster
from lab.providers.kubernetes.endpoints import Backend
from lab.providers.kubernetes.pods import data_of

CONTENT: Final = "gitea/content"
"""Table of the world: release -> what its database holds."""


def respond(cluster: Cluster, service: Backend, request: Request) -> Reply:
    """The answer to a request."""
    release = cluster.world.view(RELEASES)[f"{service.namespace}/{service.name}"]
    secret = ((release["values"].get("gitea") or {}).get("admin") or {}).get("existingSecret", "")
    account = data_of(cluster, "Secret", service.namespace, secret)
    administrator = (account.get("username", ""), account.get("password", ""))
    gitea = Gitea(administrator, **kept.load(cluster, CONTENT, service))
    reply = gitea.respond(request)
    kept.save(cluster, CONTENT, service, gitea, HELD)
    return reply
