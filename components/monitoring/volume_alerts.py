"""What is told of backups of volumes. Where there are none, there is no such CronJob, and so no series."""

from collections.abc import Sequence

from components.monitoring.alert import Alert

_JOBS = '{cronjob=~"volume-.+"}'
_SCHEDULED = f"kube_cronjob_status_last_schedule_time{_JOBS}"
_SUCCEEDED = f"kube_cronjob_status_last_successful_time{_JOBS}"
_BESIDE = f"and on (namespace) kube_cronjob_info{_JOBS}"
_SOURCE = "kubernetes/kube-state-metrics docs/metrics/workload/cronjob-metrics.md"

VOLUMES: Sequence[Alert] = (
    Alert(
        name="VolumeBackupFailed",
        # As long as a run may take it is only under way; afterwards the last one that was begun is the last that was
        # whole, if there ever was one. JobFailed tells earlier of one that failed.
        expression=f"{_SCHEDULED} > {_SUCCEEDED} or ({_SCHEDULED} > 0 unless on (namespace, cronjob) {_SUCCEEDED})",
        minutes=420,
        severity="critical",
        description="{{ $labels.namespace }}/{{ $labels.cronjob }} has made no backup since it was begun last.",
        runbook="volumes.md#symptom",
        source=_SOURCE,
    ),
    Alert(
        name="VolumeBackupMissed",
        expression=f"time() - kube_cronjob_next_schedule_time{_JOBS} > 3600 or kube_cronjob_spec_suspend{_JOBS} == 1",
        minutes=60,
        severity="critical",
        description="{{ $labels.namespace }}/{{ $labels.cronjob }} does not begin: it is overdue, or suspended.",
        runbook="volumes.md#symptom",
        source=_SOURCE,
    ),
    Alert(
        name="StoppedForBackup",
        expression=f"(kube_deployment_spec_replicas == 0 or kube_statefulset_replicas == 0) {_BESIDE}",
        minutes=60,
        severity="critical",
        description="{{ $labels.namespace }}/{{ $labels.deployment }}{{ $labels.statefulset }} stands still.",
        runbook="volumes.md#it-stands-still",
        source="kubernetes/kube-state-metrics docs/metrics/workload/deployment-metrics.md, statefulset-metrics.md",
    ),
)
