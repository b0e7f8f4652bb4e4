"""Jobs of chains: the lab does not know what they do, and takes the stack file's word that they end well."""

from __future__ import annotations

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import unknown_services
from lab.providers.kubernetes.jobs import DONE, Container, Outcome


def execute(cluster: Cluster, container: Container) -> Outcome | None:
    """Done once everything is there that the pod and its variables name; None outside the namespaces of chains."""
    if container.namespace not in (cluster.world.get("site", "site") or {}).get("chains", ()):
        return None
    missing = unknown_services(cluster, dict(container.env))
    return Outcome(waiting=f"could not translate host name {missing[0]!r} to address") if missing else DONE
