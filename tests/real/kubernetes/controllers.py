"""What controllers do that do not run here, as far as admission and authorization build on it."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.real.kubernetes.api import Answer, Api

_ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NODES = "/api/v1/nodes"


def make_default_account(api: Api, namespace: str) -> Answer:
    """The ServiceAccount of pods that name none, which every namespace has."""
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    return api.apply(body, namespace, keep=True)


def aggregate_roles(api: Api) -> None:
    """Give ClusterRoles such as `view` the rules of those they are made of.

    https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
    """
    while True:
        roles = {role["metadata"]["name"]: role for role in api.expect("GET", _ROLES)["items"]}
        changed = [
            {**role, "rules": rules}
            for role in roles.values()
            if "aggregationRule" in role and (rules := list(_collected(role, roles))) != (role["rules"] or [])
        ]
        for role in changed:
            api.expect("PUT", f"{_ROLES}/{role['metadata']['name']}", role)
        if not changed:  # `admin` is made of `edit`, which is made of others
            return


@contextlib.contextmanager
def awaited(api: Api, nodes: Sequence[str], plurals: Sequence[str]) -> Iterator[None]:
    """While it lasts, nodes whose kubelets say they are ready, and definitions of kinds of `cilium.io`."""
    paths: list[str] = []
    try:
        for node in nodes:
            created = api.expect("POST", _NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
            paths.append(f"{_NODES}/{node}")
            ready = {"conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "ready"}]}
            api.expect("PUT", f"{paths[-1]}/status", {**created, "status": ready})
        for plural in plurals:
            definition = _definition(plural, "cilium.io")
            api.expect("POST", _DEFINITIONS, definition)
            paths.append(f"{_DEFINITIONS}/{definition['metadata']['name']}")
        yield
    finally:
        for path in paths:
            api.expect("DELETE", path)


def _definition(plural: str, group: str) -> dict[str, Any]:
    names = {"plural": plural, "singular": plural[:-1], "kind": plural[:-1].title()}
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v2", "served": True, "storage": True, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": "Cluster", "versions": [version]},
    }


def _collected(role: Mapping[str, Any], roles: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    seen: list[Any] = []
    for selector in role["aggregationRule"]["clusterRoleSelectors"]:
        wanted = selector["matchLabels"].items()
        for name in sorted(roles):
            if name != role["metadata"]["name"] and wanted <= roles[name]["metadata"].get("labels", {}).items():
                new = [rule for rule in roles[name]["rules"] or () if rule not in seen]
                seen += new
                yield from new
