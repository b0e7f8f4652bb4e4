"""Whether Flux applies what lies in its repository: an update does not wait for that (docs/adr/0025), so it is told."""

from components.gitea import repository
from settings.model import Settings
from tools.cluster import Api, ClusterError, api_of
from tools.state import Engine, StateError


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


def unsynced(cluster: Api) -> str | None:
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
