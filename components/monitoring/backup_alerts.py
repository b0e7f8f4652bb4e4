"""What is told of backups, where the stack file has them: one that is missed, that never was, that fails."""

from collections.abc import Sequence

from components.monitoring.alert import Alert
from settings.cron import longest_gap

_LATE = 12
"""Hours beyond the schedule: for the backup itself, and for somebody who is asleep."""
_POSTGRES = "barman_cloud_cloudnative_pg_io_last_{}_backup_timestamp"
_AVAILABLE, _FAILED = f"max({_POSTGRES.format('available')})", f"max({_POSTGRES.format('failed')})"
_PLUGIN = "cloudnative-pg/plugin-barman-cloud internal/cnpgi/instance/metrics.go"
_ARCHIVER = "cnpg_pg_stat_archiver_last_{}_time"


def alerts(schedule: str) -> Sequence[Alert]:
    """Those of the databases; how late is too late follows from their schedule (cron)."""
    late = (longest_gap(schedule) + _LATE) * 3600
    return (
        Alert(
            name="PostgresBackupTooOld",
            expression=f"time() - {_AVAILABLE} > {late} and {_AVAILABLE} > 0",
            minutes=60,
            severity="critical",
            description="The newest base backup of Postgres is {{ $value | humanizeDuration }} old.",
            runbook="databases.md#a-base-backup-is-missed",
            source=_PLUGIN,
        ),
        Alert(
            name="PostgresNeverBackedUp",
            # Of an archive without one it is 0, and it is not there where nothing archives.
            expression=f"({_AVAILABLE} or vector(0)) == 0",
            minutes=120,
            severity="critical",
            description="There is no base backup of Postgres in the archive that it writes to.",
            runbook="databases.md#a-base-backup-is-missed",
            source=_PLUGIN,
        ),
        Alert(
            name="PostgresBackupFailed",
            expression=f"{_FAILED} > {_AVAILABLE}",
            minutes=0,
            severity="warning",
            description="The last base backup of Postgres failed.",
            runbook="databases.md#a-base-backup-is-missed",
            source=_PLUGIN,
        ),
        Alert(
            name="PostgresArchivingFails",
            expression=f"{_ARCHIVER.format('failed')} > {_ARCHIVER.format('archived')}",
            minutes=15,
            severity="critical",
            description="{{ $labels.pod }} cannot archive its log: what is written now cannot be restored, and the "
            "volume fills up.",
            runbook="databases.md#the-log-is-not-archived",
            source="cloudnative-pg/cloudnative-pg config/manager/default-monitoring.yaml, pg_stat_archiver",
        ),
    )
