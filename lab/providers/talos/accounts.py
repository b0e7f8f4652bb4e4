"""ServiceAccounts of `talos.dev`: what Talos makes of them on a control plane that gives pods access to its API.

After internal/app/machined/pkg/controllers/kubeaccess/serviceaccount/crd_controller.go of siderolabs/talos v1.13.7: who
is refused is told so in `status.failureReason` and gets no Secret. The definition is a manifest of Talos: without the
feature there is no such kind, and where it was on once, the definition stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from lab.providers.errors import RefusedError
from lab.providers.kubernetes.cluster import CRDS, Cluster, encoded
from lab.providers.talos import pki
from lab.providers.talos.nodes import NODES, server_of
from lab.site import Site
from lab.world import Record

_ACCOUNT: Final = "talos.dev/ServiceAccount"
_ENDPOINT: Final = "talos.default"
_FILE: Final = "config"
_ROLES: Final = frozenset({"os:admin", "os:operator", "os:reader", "os:etcd:backup", "os:impersonator"})


def validate(machine: Mapping[str, Any]) -> None:
    """What Talos refuses of a configuration (pkg/machinery/config/types/v1alpha1/v1alpha1_validation.go)."""
    access = (machine.get("features") or {}).get("kubernetesTalosAPIAccess") or {}
    if not access.get("enabled"):
        return
    if machine["type"] != "controlplane":
        why = "feature Kubernetes Talos API Access can only be enabled on control plane machines"
        raise RefusedError(f"rpc error: code = InvalidArgument desc = configuration validation failed: {why}")
    for role in access.get("allowedRoles") or ():
        if role not in _ROLES:
            why = f'invalid role "{role}" in allowed roles for Kubernetes Talos API Access'
            raise RefusedError(f"rpc error: code = InvalidArgument desc = configuration validation failed: {why}")


def run(site: Site) -> None:
    """Serve the kind, and give each account the Secret of its name with a talosconfig, or the reason why not."""
    cluster = Cluster(site)
    given = [(node["config"], access) for node in site.world.view(NODES).values() if (access := _access(node))]
    if not given or cluster.api() is None:
        return
    config, access = given[0]
    site.world.put(CRDS, _ACCOUNT, {"versions": ["v1alpha1"], "namespaced": True, "release": ""})
    for account in list(cluster.each(_ACCOUNT)):
        problem = _problem(cluster, access, account)
        cluster.set_status(account, {"failureReason": problem} if problem else {})
        if not problem:
            cluster.apply_owned(account, _secret(config, account))


def _access(node: Record) -> Mapping[str, Any]:
    """The feature of a control plane; empty where it is off."""
    features = node["config"]["machine"].get("features") or {}
    access: Mapping[str, Any] = features.get("kubernetesTalosAPIAccess") or {}
    return access if access.get("enabled") and server_of(node) else {}


def _problem(cluster: Cluster, access: Mapping[str, Any], account: Mapping[str, Any]) -> str:
    namespace, name = account["metadata"]["namespace"], account["metadata"]["name"]
    secret = cluster.look("Secret", namespace, name)
    owners = (secret or {}).get("metadata", {}).get("ownerReferences") or []
    if secret is not None and not any(one["kind"] == "ServiceAccount" for one in owners):
        return f"Secret already exists and is not managed by controller: {namespace}/{name}"
    roles = account["spec"].get("roles")
    if roles is None:
        return "Roles not found"
    if namespace not in (access.get("allowedKubernetesNamespaces") or ()):
        return f"Namespace is not allowed: {namespace}"
    strange = [role for role in roles if role not in (access.get("allowedRoles") or ())]
    return f"Roles not allowed: [{' '.join(strange)}]" if strange else ""


def _secret(config: Mapping[str, Any], account: Mapping[str, Any]) -> dict[str, Any]:
    """With a talosconfig of the roles: what a certificate is for is its organisation."""
    name, namespace = account["metadata"]["name"], account["metadata"]["namespace"]
    seed, authority = f"{namespace}/{name}", config["machine"]["ca"]
    issuer = pki.Pair(pki.unb64(authority["crt"]), pki.unb64(authority["key"]))
    own = pki.client(f"{authority['key']} {seed}", seed, ",".join(account["spec"]["roles"]), issuer)
    files = {"ca": authority["crt"], "crt": pki.b64(own.certificate), "key": pki.b64(own.key)}
    contexts = {"default": {"endpoints": [_ENDPOINT], **files}}
    text = yaml.safe_dump({"context": "default", "contexts": contexts}, sort_keys=False)
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded({_FILE: text})}
