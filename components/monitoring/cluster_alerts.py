"""What is told of machines, volumes and pods. Each metric was looked up in the source that stands beside it.

Those of pods and nodes come from kube-state-metrics, those of volumes from the kubelet.
"""

from collections.abc import Sequence

from components.monitoring.alert import Alert

_ETCD_BACKUP = '{namespace="backup",cronjob="etcd-backup"}'
_DUE = f"kube_cronjob_status_last_schedule_time{_ETCD_BACKUP}"
_NEXT = f"kube_cronjob_next_schedule_time{_ETCD_BACKUP}"
_MADE = f"kube_cronjob_status_last_successful_time{_ETCD_BACKUP}"


def _free(where: str) -> str:
    """Part of each volume there that is free."""
    return f"kubelet_volume_stats_available_bytes{{{where}}} / kubelet_volume_stats_capacity_bytes{{{where}}}"


CLUSTER: Sequence[Alert] = (
    Alert(
        name="MetricsAway",
        expression="up == 0",
        minutes=15,
        severity="warning",
        description="{{ $labels.job }} at {{ $labels.instance }} says nothing, so no other alert speaks of it.",
        runbook="alerts.md#metrics-are-not-read",
        source="prometheus/prometheus docs/concepts/jobs_instances.md",
    ),
    Alert(
        name="PostgresVolumeFillsUp",
        expression=_free('namespace="databases"') + " < 0.2",
        minutes=15,
        severity="critical",
        description="{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left.",
        runbook="alerts.md#a-volume-is-nearly-full",
        source="kubernetes/kubernetes pkg/kubelet/metrics/collectors/volume_stats.go",
    ),
    Alert(
        name="EtcdWithoutLeader",
        expression="etcd_server_has_leader == 0",
        minutes=2,
        severity="critical",
        description="etcd on {{ $labels.instance }} has no leader: the cluster takes no change.",
        runbook="alerts.md#etcd",
        source="etcd-io/etcd server/etcdserver/metrics.go",
    ),
    Alert(
        name="EtcdMemberAway",
        expression='up{job="kube-etcd"} == 0',
        minutes=5,
        severity="critical",
        description="The member of etcd on {{ $labels.instance }} does not answer.",
        runbook="alerts.md#etcd",
        source="prometheus/prometheus docs/concepts/jobs_instances.md",
    ),
    Alert(
        name="EtcdNearlyFull",
        expression="etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes > 0.8",
        minutes=15,
        severity="critical",
        description="etcd on {{ $labels.instance }} has {{ $value | humanizePercentage }} of what it may store.",
        runbook="alerts.md#etcd",
        source="etcd-io/etcd server/storage/mvcc/metrics.go, server/storage/metrics.go",
    ),
    Alert(
        name="EtcdBackupTooOld",
        # Due and not made, never made, or not even begun.
        expression=f"{_DUE} > {_MADE} or {_DUE} unless {_MADE} or time() > {_NEXT}",
        minutes=120,
        severity="critical",
        description="A snapshot of etcd is due for two hours: the last time, or ever, none was made.",
        runbook="control-plane.md#etcd-is-not-backed-up",
        source="kubernetes/kube-state-metrics docs/metrics/workload/cronjob-metrics.md",
    ),
    Alert(
        name="JobFailed",
        expression='kube_job_failed{condition="true"} > 0',
        minutes=5,
        severity="warning",
        description="{{ $labels.namespace }}/{{ $labels.job_name }} failed: something is not as declared.",
        runbook="scheduled-jobs.md#diagnose",
        source="kubernetes/kube-state-metrics docs/metrics/workload/job-metrics.md",
    ),
    Alert(
        name="OutOfMemory",
        expression="increase(kube_pod_container_status_restarts_total[15m]) > 0 and on (namespace, pod, container) "
        'kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} == 1',
        minutes=0,
        severity="warning",
        description="{{ $labels.container }} of {{ $labels.namespace }}/{{ $labels.pod }} took too much memory.",
        runbook="alerts.md#a-container-takes-more-memory-than-it-may",
        source="kubernetes/kube-state-metrics docs/metrics/workload/pod-metrics.md",
    ),
    Alert(
        name="NodeDown",
        expression='kube_node_status_condition{condition="Ready",status="true"} == 0',
        minutes=5,
        severity="critical",
        description="{{ $labels.node }} is not ready.",
        runbook="nodes.md#symptoms",
        source="kubernetes/kube-state-metrics docs/metrics/cluster/node-metrics.md",
    ),
    Alert(
        name="VolumeNearlyFull",
        expression=_free('namespace!="databases"') + " < 0.1",
        minutes=30,
        severity="warning",
        description="{{ $labels.persistentvolumeclaim }} has {{ $value | humanizePercentage }} left.",
        runbook="alerts.md#a-volume-is-nearly-full",
        source="kubernetes/kubernetes pkg/kubelet/metrics/collectors/volume_stats.go",
    ),
)
