"""What a Cluster of CloudNativePG says of its archive: base backups, and the log since.

Fields: cloudnative-pg/plugin-barman-cloud 0.14, web/docs/usage.md, internal/cnpgi/operator/config/config.go. A cluster
writes to an archive of its own alone: barman-cloud-check-wal-archive refuses one that is not empty, before a recovery
(internal/cnpgi/restore/restore.go) and with the first log of an empty cluster. So archives have numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from lib.names import POSTGRES_CLUSTER
from settings.platform import Recovery

PLUGIN = "barman-cloud.cloudnative-pg.io"
"""Name by which a Cluster and its backups ask for the plugin."""
_SOURCE = "archive"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Where a Cluster is archived, and what it was made of.

    Attributes:
        object_store: Name of the ObjectStore.
        number: Number of the archive that it writes to.
        recovery: None of a cluster that began empty.
    """

    object_store: pulumi.Input[str]
    number: int
    recovery: Recovery | None


def server_name(number: int) -> str:
    """Folder of an archive among the databases of the target."""
    return f"{POSTGRES_CLUSTER}-{number}"


def archiving(archive: Archive) -> dict[str, Any]:
    """Part of the spec that has the log archived."""
    return {"plugins": [{**_plugin(archive, archive.number), "isWALArchiver": True}]}


def recovered(archive: Archive, owned: Mapping[str, Any]) -> dict[str, Any]:
    """Part of the spec that makes the Cluster of an earlier archive; nothing where it begins empty."""
    recovery = archive.recovery
    if recovery is None:
        return {}
    target = {"recoveryTarget": {"targetTime": recovery.time}} if recovery.time is not None else {}
    return {
        "bootstrap": {"recovery": {"source": _SOURCE, **owned, **target}},
        "externalClusters": [{"name": _SOURCE, "plugin": _plugin(archive, recovery.archive)}],
    }


def _plugin(archive: Archive, number: int) -> dict[str, Any]:
    parameters = {"barmanObjectName": archive.object_store, "serverName": server_name(number)}
    return {"name": PLUGIN, "parameters": parameters}
