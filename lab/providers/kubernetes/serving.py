"""What the API server serves and admits at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.base import Call
from lab.providers.errors import RefusedError
from lab.providers.kubernetes import admission
from lab.providers.kubernetes.charts import facts_of
from lab.providers.kubernetes.cluster import CRDS, RELEASES, Cluster
from lab.providers.kubernetes.kinds import Kind, bad_name, is_built_in
from lab.providers.wire import Properties
from lab.site import Site

# Who puts them and takes them away: CloudNativePG (internal/management/controller/database_controller.go), External
# Secrets (externalsecret_controller.go), the Flux operator (fluxinstance_controller.go).
_FINALIZERS: Final = {
    "postgresql.cnpg.io/Database": "cnpg.io/deleteDatabase",
    "external-secrets.io/ExternalSecret": "externalsecrets.external-secrets.io/externalsecret-cleanup",
    "fluxcd.controlplane.io/FluxInstance": "fluxcd.controlplane.io/finalizer",
}

# Six attempts, one second apart and doubling: what the provider bears of a missing namespace or definition.
_PATIENCE: Final = 63.0


def definition(cluster: Cluster, kind: Kind) -> Mapping[str, Any] | None:
    """The custom resource definition of a kind, if it is installed and serves the version."""
    found = cluster.world.view(CRDS).get(f"{kind.group}/{kind.kind}")
    return found if found and kind.version in found["versions"] else None


def is_served(cluster: Cluster, kind: Kind) -> bool:
    """Whether objects of the kind can be created now."""
    return definition(cluster, kind) is not None or is_built_in(kind, cluster.version())


def is_namespaced(cluster: Cluster, kind: Kind) -> bool:
    """Scope of a kind; an unknown one is taken to be namespaced, as the provider does."""
    found = cluster.world.view(CRDS).get(f"{kind.group}/{kind.kind}")
    return bool(found["namespaced"]) if found else not kind.cluster_scoped


def held(cluster: Cluster, obj: Mapping[str, Any]) -> str:
    """The finalizer that keeps an object from going, as the operator that removes it is gone; empty when it goes."""
    kind = Kind.of(obj)
    key = f"{kind.group}/{kind.kind}"
    release = (cluster.world.view(CRDS).get(key) or {}).get("release")
    running = release is None or cluster.world.get(RELEASES, release) is not None
    return "" if running else _FINALIZERS.get(key, "")


def register_definitions(site: Site) -> None:
    """Serve the kinds of definitions that the program creates itself, and stop serving those it deleted."""
    cluster = Cluster(site)
    own = {}
    for item in cluster.each("apiextensions.k8s.io/CustomResourceDefinition"):
        spec = item["spec"]
        versions = [version["name"] for version in spec["versions"] if version["served"]]
        record = {"versions": versions, "namespaced": spec["scope"] == "Namespaced", "release": None}
        own[f"{spec['group']}/{spec['names']['kind']}"] = record
    for key, record in own.items():
        site.world.put(CRDS, key, record)
    for key in [key for key, item in site.world.view(CRDS).items() if item["release"] is None and key not in own]:
        site.world.delete(CRDS, key)


def admit(call: Call, cluster: Cluster, obj: Properties) -> None:
    """Everything between a create request and the object's being stored; raises RefusedError.

    A kind without namespaces loses the one that `Check` gave it before it was known (`IsNamespacedKind` in
    provider/pkg/clients/clients.go asks a cache of what the server serves).
    """
    kind = Kind.of(obj)
    clock = call.site.clock
    if not clock.wait(lambda: is_served(cluster, kind), _PATIENCE):
        raise RefusedError(
            f'creation of resource "{call.urn}" with kind {kind.api_version}/{kind.kind} failed because the Kubernetes '
            "API server reported that the apiVersion for this resource does not exist. Verify that any required CRDs "
            f'have been created: no matches for kind "{kind.kind}" in version "{kind.api_version}"'
        )
    namespace = obj["metadata"].get("namespace", "")
    if namespace and not is_namespaced(cluster, kind):
        namespace = ""
        del obj["metadata"]["namespace"]
    if namespace and not clock.wait(lambda: cluster.has_namespace(namespace), _PATIENCE):
        raise _refused(call, f'namespaces "{namespace}" not found')
    reason = bad_name(kind, obj["metadata"]["name"]) or _webhook_down(cluster, kind)
    if reason:
        raise _refused(call, reason)
    if kind.kind == "Pod":
        _admit_pod(call, cluster, obj)


def refuse_existing(call: Call, cluster: Cluster, obj: Properties) -> None:
    """The API server's answer when an object of that name is there already."""
    kind, name = Kind.of(obj), obj["metadata"]["name"]
    path = f"{kind.group}/{kind.kind}" if kind.group else kind.kind
    if cluster.exists(path, obj["metadata"].get("namespace", ""), name):
        raise _refused(call, f'{kind.qualified} "{name}" already exists\n\nThe resource already exists in the cluster.')


def _admit_pod(call: Call, cluster: Cluster, obj: Properties) -> None:
    metadata = obj["metadata"]
    level = admission.enforced_level(cluster, metadata["namespace"])
    forbidden = admission.violations(obj["spec"], level)
    if forbidden:
        details = ", ".join(forbidden)
        raise _refused(
            call, f'pods "{metadata["name"]}" is forbidden: violates PodSecurity "{level}:latest": {details}'
        )


def _webhook_down(cluster: Cluster, kind: Kind) -> str | None:
    """Why an operator's admission webhook cannot answer for a custom resource."""
    found = definition(cluster, kind)
    release = cluster.world.view(RELEASES).get(found["release"]) if found and found.get("release") else None
    if release is None or not facts_of(release["chart"]).webhook or release["ready"]:
        return None
    return (
        f'Internal error occurred: failed calling webhook "validate.{kind.kind.lower()}.{kind.group}": failed to call '
        f'webhook: no endpoints available for service of release "{release["name"]}"'
    )


def _refused(call: Call, reason: str) -> RefusedError:
    return RefusedError(f'resource "{call.urn}" was not successfully created by the Kubernetes API server: {reason}')
