"""The plugin barman-cloud: archives of simulated clusters, which outlive them, and when it refuses one.

Texts: cloudnative-pg api/v1 (PhaseUnknownPlugin), plugin-barman-cloud internal/cnpgi/restore/restore.go, and barman's
barman-cloud-check-wal-archive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.pods import lacking
from lab.providers.operators.conditions import runs

_PLUGIN: Final = "barman-cloud.cloudnative-pg.io"
ARCHIVES: Final = "backup/archives"
"""Table of the world: destination and folder of an archive that has begun."""


def problem(cluster: Cluster, database: Mapping[str, Any]) -> str:
    """Why the Cluster does not come up with the archives that it names; empty when it does."""
    spec, recovery = database["spec"], _source(database["spec"])
    own = _archiver(spec)
    if own is None and recovery is None:
        return ""
    if not runs(cluster, "plugin-barman-cloud"):
        return "Cluster cannot proceed to reconciliation due to an unknown plugin being required"
    for one in filter(None, (own, recovery)):
        lacks = _unreachable(cluster, database["metadata"]["namespace"], one)
        if lacks:
            return lacks
    if recovery is None or _archived(database):
        return ""
    if own is not None and _has_begun(cluster, database, own):
        return f"WAL archive check failed for server {own['serverName']}: Expected empty archive"
    return "" if _has_begun(cluster, database, recovery) else "no target backup found"


def archive(cluster: Cluster, database: Mapping[str, Any]) -> list[dict[str, str]]:
    """Archive the log, make a base backup where one is asked for, and what the Cluster says of that; an archive that
    another one began is refused.
    """
    own = _archiver(database["spec"])
    if own is None:
        return []
    name, namespace = database["metadata"]["name"], database["metadata"]["namespace"]
    works = _archived(database) or not _has_begun(cluster, database, own)
    if works and not _has_begun(cluster, database, own):
        cluster.world.put(ARCHIVES, _key(cluster, database, own), {"begun": True})
    asked = any(
        one["spec"]["cluster"]["name"] == name and one["spec"].get("method") == "plugin"
        for one in cluster.each("postgresql.cnpg.io/ScheduledBackup", namespace)
    )
    refusal = f"WAL archive check failed for server {own['serverName']}: Expected empty archive"
    kinds = ("ContinuousArchiving", *(["LastBackupSucceeded"] if asked else []))
    return [_condition(kind, works, refusal) for kind in kinds]


def _condition(kind: str, works: bool, refusal: str) -> dict[str, str]:
    return {"type": kind, "status": "True" if works else "False", "message": "" if works else refusal}


def _archiver(spec: Mapping[str, Any]) -> Mapping[str, str] | None:
    plugins = (one for one in spec.get("plugins") or [] if one["name"] == _PLUGIN and one.get("isWALArchiver"))
    return next((one["parameters"] for one in plugins), None)


def _source(spec: Mapping[str, Any]) -> Mapping[str, str] | None:
    name = ((spec.get("bootstrap") or {}).get("recovery") or {}).get("source")
    found = (one["plugin"]["parameters"] for one in spec.get("externalClusters") or [] if one["name"] == name)
    return next(found, None)


def _unreachable(cluster: Cluster, namespace: str, parameters: Mapping[str, str]) -> str:
    """What the ObjectStore lacks; until it is there the plugin looks again and again (its reconciler.go)."""
    name = parameters.get("barmanObjectName", "")
    store = cluster.look("barmancloud.cnpg.io/ObjectStore", namespace, name)
    if store is None:
        return f'barman object configuration not found: ObjectStore "{name}"'
    configuration = store["spec"]["configuration"]
    wanted = [*configuration["s3Credentials"].values(), configuration.get("endpointCA")]
    references = [(one["name"], one["key"]) for one in wanted if one is not None]
    return next((lack for one in references for lack in lacking(cluster, "Secret", namespace, *one)), "")


def _key(cluster: Cluster, database: Mapping[str, Any], parameters: Mapping[str, str]) -> str:
    namespace = database["metadata"]["namespace"]
    store = cluster.look("barmancloud.cnpg.io/ObjectStore", namespace, parameters["barmanObjectName"])
    path = store["spec"]["configuration"]["destinationPath"] if store is not None else ""
    return f"{path}{parameters.get('serverName', database['metadata']['name'])}"


def _has_begun(cluster: Cluster, database: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    return _key(cluster, database, parameters) in cluster.world.view(ARCHIVES)


def _archived(database: Mapping[str, Any]) -> bool:
    """Whether the archive that it writes to is its own: it began it."""
    conditions = (database.get("status") or {}).get("conditions") or []
    return any(one["type"] == "ContinuousArchiving" and one["status"] == "True" for one in conditions)
