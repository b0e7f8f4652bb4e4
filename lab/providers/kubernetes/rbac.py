"""What a ServiceAccount may do, by the Roles bound to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lab.providers.kubernetes.cluster import Cluster

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Account:
    """A ServiceAccount, which acts in its own namespace, or in `place`: another one, or none where that is empty."""

    namespace: str
    name: str
    place: str | None = None


def may(cluster: Cluster, account: Account, verb: str, resource: str, name: str) -> bool:
    """Whether an account may do `verb` on the named resource (`<plural>.<group>` outside the core group).

    `create` cannot be limited by name, since the API server does not know the name when it decides; that of a
    subresource, such as `serviceaccounts/token`, can.
    """
    resource, _, group = resource.partition(".")
    for rule in _rules(cluster, account):
        if group not in (rule.get("apiGroups") or []) and "*" not in (rule.get("apiGroups") or []):
            continue
        fits = all(
            wanted in (rule.get(field) or []) or "*" in (rule.get(field) or [])
            for field, wanted in (("resources", resource), ("verbs", verb))
        )
        names = rule.get("resourceNames") or []
        if fits and (not names or (name in names and (verb != "create" or "/" in resource))):
            return True
    return False


def _rules(cluster: Cluster, account: Account) -> Iterator[Mapping[str, Any]]:
    place = account.namespace if account.place is None else account.place
    bindings = (("RoleBinding", place), ("ClusterRoleBinding", ""))
    for binding, scope in bindings if place else bindings[1:]:
        for item in cluster.each(f"{_RBAC}/{binding}", scope):
            if not any(_is_subject(subject, account) for subject in item.get("subjects") or []):
                continue
            kind, name = item["roleRef"]["kind"], item["roleRef"]["name"]
            role = cluster.look(f"{_RBAC}/{kind}", "" if kind == "ClusterRole" else place, name)
            yield from (role or {}).get("rules") or []


def _is_subject(subject: Mapping[str, Any], account: Account) -> bool:
    home = subject.get("namespace", account.namespace)
    return bool(subject["kind"] == "ServiceAccount" and subject["name"] == account.name and home == account.namespace)
