"""Pod Security admission: the level of a namespace, and what it refuses."""

from __future__ import annotations

from invariants.pod_security import LABEL, violations
from lab.providers.kubernetes.cluster import Cluster

__all__ = ["LABEL", "enforced_level", "violations"]


def enforced_level(cluster: Cluster, namespace: str) -> str:
    """The level a namespace enforces.

    Without a label Talos' default configuration of the admission plugin holds: baseline, kube-system exempt.
    """
    if namespace == "kube-system":
        return "privileged"
    found = cluster.look("Namespace", "", namespace)
    labels = found["metadata"].get("labels", {}) if found else {}
    return str(labels.get(LABEL, "baseline"))
