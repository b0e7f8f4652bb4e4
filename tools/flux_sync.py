"""What Flux applies: an update does not wait for that (docs/adr/0025), so it is told afterwards whether it does; and a
removal leaves it to nobody, so that is told before.
"""

from components.gitea import repository
from settings.model import Settings
from tools.cluster import AbsentError, ClusterError, api_of
from tools.state import Engine, StateError
from tools.status.objects import Cluster


def notice(settings: Settings, engine: Engine) -> str | None:
    """A sentence after an update; None where Flux applies it, has no repository, or the state knows no cluster."""
    url, sync = repository.url(settings), settings.gitops.sync
    if url is None or sync is None:
        return None
    what = f"Flux and {url} at {sync.ref}, path {sync.path}"
    try:
        cluster = api_of(engine.state(decrypted=True) or {})
        reason = unsynced(cluster) if cluster is not None else None
    except (ClusterError, StateError) as error:
        return f"{what}: whether it is applied cannot be told: {error}"
    return f"{what}: not applied: {reason}. Nothing of the platform waits for it." if reason else None


def farewell(settings: Settings, engine: Engine) -> str | None:
    """A sentence before everything is removed; None where Flux has applied nothing, or the state knows no cluster."""
    if not settings.gitops.enabled:
        return None
    try:
        cluster = api_of(engine.state(decrypted=True) or {})
        found = applied(cluster) if cluster is not None else {}
    except (ClusterError, StateError) as error:
        return f"what Flux has applied cannot be told: {error}"
    if not found:
        return None
    places = ", ".join(sorted(namespace or "no namespace" for namespace in found))
    fate = (
        "go with the machines" if settings.cluster.existing is None else "stay, and nobody reconciles or deletes them"
    )
    return f"Flux has applied {sum(found.values())} objects, in {places}: they {fate} (docs/gitops.md)"


def applied(cluster: Cluster) -> dict[str, int]:
    """How many objects Flux keeps, by namespace; those in none under the empty name. Kustomizations list them as
    `<namespace>_<name>_<group>_<kind>` (ResourceInventory in fluxcd/kustomize-controller, api/v1/inventory_types.go).

    Raises:
        ClusterError: when nobody answers.
    """
    try:
        kustomizations = cluster.get("/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")["items"]
    except AbsentError:
        return {}
    found: dict[str, int] = {}
    for one in kustomizations:
        for entry in ((one.get("status") or {}).get("inventory") or {}).get("entries") or ():
            namespace = entry["id"].partition("_")[0]
            found[namespace] = found.get(namespace, 0) + 1
    return found


def unsynced(cluster: Cluster) -> str | None:
    """Why Flux does not apply what lies in its repository, by the report of its operator; None where it does.

    The operator writes the FluxReport `flux` every few minutes, with `spec.sync` where there is a repository (its CRD).

    Raises:
        ClusterError: when there is no report yet, or nobody answers.
    """
    report = cluster.get("/apis/fluxcd.controlplane.io/v1/namespaces/flux-system/fluxreports/flux")
    sync = report["spec"].get("sync")
    if sync is None:
        return "the operator of Flux has not reported on it yet"
    return None if sync["ready"] else " ".join(str(sync["status"]).split()).rstrip(".")
