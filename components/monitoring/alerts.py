"""All alerts: what a cluster is given, what docs/alerts.md lists and what promtool tries."""

from collections.abc import Mapping, Sequence

from components.monitoring import backup_alerts
from components.monitoring.alert import Alert
from components.monitoring.cluster_alerts import CLUSTER
from components.monitoring.platform_alerts import PLATFORM
from components.monitoring.snapshot_alerts import SNAPSHOTS
from components.monitoring.volume_alerts import VOLUMES


def declared(databases: str | None) -> Mapping[str, Sequence[Alert]]:
    """Alerts by what they are about.

    Args:
        databases: When base backups of Postgres are due (cron); None without backups, whose other alerts have no series
            then.
    """
    return {
        "Services": PLATFORM,
        "Machines, volumes and workloads": CLUSTER,
        "Backups": (*VOLUMES, *SNAPSHOTS, *(backup_alerts.alerts(databases) if databases else ())),
    }
