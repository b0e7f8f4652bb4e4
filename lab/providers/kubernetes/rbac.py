"""What a ServiceAccount may do, by the Roles bound to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lab.providers.kubernetes.cluster import Cluster

_RBAC = "rbac.authorization.k8s.io"


def may(cluster: Cluster, namespace: str, account: str, verb: str, resource: str, name: str) -> bool:
    """Whether the account of a namespace may do `verb` on the named core resource of that namespace.

    `create` cannot be limited by name: the API server does not know the name when it decides.
    """
    for rule in _rules(cluster, namespace, account):
        if "" not in (rule.get("apiGroups") or []) and "*" not in (rule.get("apiGroups") or []):
            continue
        fits = all(
            wanted in (rule.get(field) or []) or "*" in (rule.get(field) or [])
            for field, wanted in (("resources", resource), ("verbs", verb))
        )
        names = rule.get("resourceNames") or []
        if fits and (not names or (name in names and verb != "create")):
            return True
    return False


def _rules(cluster: Cluster, namespace: str, account: str) -> Iterator[Mapping[str, Any]]:
    for binding, scope in (("RoleBinding", namespace), ("ClusterRoleBinding", "")):
        for item in cluster.each(f"{_RBAC}/{binding}", scope):
            if not any(_is_subject(subject, namespace, account) for subject in item.get("subjects") or []):
                continue
            kind, name = item["roleRef"]["kind"], item["roleRef"]["name"]
            role = cluster.look(f"{_RBAC}/{kind}", "" if kind == "ClusterRole" else namespace, name)
            yield from (role or {}).get("rules") or []


def _is_subject(subject: Mapping[str, Any], namespace: str, account: str) -> bool:
    home = subject.get("namespace", namespace)
    return subject["kind"] == "ServiceAccount" and subject["name"] == account and home == namespace
