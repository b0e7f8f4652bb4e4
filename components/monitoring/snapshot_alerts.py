"""What is told of snapshots that a CronJob takes. Without backups there is no such CronJob, and so no series."""

from collections.abc import Sequence

from components.monitoring.alert import Alert

_SOURCE = "kubernetes/kube-state-metrics docs/metrics/workload/cronjob-metrics.md"


def _snapshots(what: str, cron_job: str, runbook: str) -> Sequence[Alert]:
    job = f'{{cronjob="{cron_job}"}}'
    begun, whole = f"kube_cronjob_status_last_schedule_time{job}", f"kube_cronjob_status_last_successful_time{job}"
    return (
        Alert(
            name=f"{what}BackupFailed",
            # Longer than a run may take: the last that was begun is the last that was whole, if there ever was one.
            expression=f"{begun} > {whole} or ({begun} unless {whole})",
            minutes=60,
            severity="critical",
            description="{{ $labels.namespace }}/{{ $labels.cronjob }} has made no backup since it was begun last.",
            runbook=runbook,
            source=_SOURCE,
        ),
        Alert(
            name=f"{what}BackupMissed",
            expression=f"time() - kube_cronjob_next_schedule_time{job} > 3600 or kube_cronjob_spec_suspend{job} == 1",
            minutes=60,
            severity="critical",
            description="{{ $labels.namespace }}/{{ $labels.cronjob }} does not begin: it is overdue, or suspended.",
            runbook=runbook,
            source=_SOURCE,
        ),
    )


SNAPSHOTS: Sequence[Alert] = _snapshots("Vault", "vault-backup", "vault-recovery.md#a-backup-is-missed")
