"""What is told of the services of the platform. Each metric was looked up in the source that stands beside it."""

from collections.abc import Sequence

from components.monitoring.alert import Alert

_AGO = "offset 25h"
_COLLECTED = 'harbor_jobservice_task_total{type="GARBAGE_COLLECTION",status="fail"}'
_END = "certmanager_certificate_expiration_timestamp_seconds"
_STAGES = "authentik_flows_execution_stage_time_count"

PLATFORM: Sequence[Alert] = (
    Alert(
        name="VaultSealed",
        expression="vault_core_unsealed == 0",
        minutes=3,
        severity="critical",
        description="{{ $labels.pod }} is sealed: secrets that are due do not change, and no new one reaches a pod.",
        runbook="vault-recovery.md#unseal-by-hand",
        source="hashicorp/vault vault/core_metrics.go, set while it is sealed, too",
    ),
    Alert(
        name="VaultAway",
        expression='absent(up{job="vault"} == 1)',
        minutes=10,
        severity="critical",
        description="No server of Vault says anything.",
        runbook="vault-recovery.md#after-a-power-cut",
        source="prometheus/prometheus docs/concepts/jobs_instances.md",
    ),
    Alert(
        name="SecretNotSynchronised",
        expression='externalsecret_status_condition{condition="Ready",status="False"} == 1',
        minutes=15,
        severity="critical",
        description="{{ $labels.namespace }}/{{ $labels.name }} does not follow Vault.",
        runbook="alerts.md#a-secret-does-not-follow-vault",
        source="external-secrets/external-secrets pkg/controllers/externalsecret/esmetrics/esmetrics.go",
    ),
    Alert(
        name="SecretsFailToSynchronise",
        expression="sum by (namespace) (increase(externalsecret_sync_calls_error[30m])) > 5",
        minutes=10,
        severity="warning",
        description="External Secrets fails again and again in {{ $labels.namespace }}.",
        runbook="alerts.md#a-secret-does-not-follow-vault",
        source="external-secrets/external-secrets pkg/controllers/externalsecret/esmetrics/esmetrics.go",
    ),
    Alert(
        name="CertificateExpires",
        # Of one that was never issued it is 0, which CertificateNotReady tells of.
        expression=f"{_END} - time() < 14 * 86400 and {_END} > 0",
        minutes=60,
        severity="critical",
        description="{{ $labels.namespace }}/{{ $labels.name }} ends within two weeks and was not renewed.",
        runbook="certificates.md#a-certificate-is-about-to-end",
        source="cert-manager/cert-manager internal/collectors/certificate_collector.go",
    ),
    Alert(
        name="CertificateNotReady",
        expression='certmanager_certificate_ready_status{condition="True"} == 0',
        minutes=30,
        severity="warning",
        description="The certificate {{ $labels.namespace }}/{{ $labels.name }} was ordered and is not there.",
        runbook="certificates.md#a-challenge-stays-pending",
        source="cert-manager/cert-manager pkg/metrics/metrics.go",
    ),
    Alert(
        name="PostgresDown",
        expression="cnpg_collector_up == 0",
        minutes=5,
        severity="critical",
        description="Postgres in {{ $labels.pod }} does not answer its own instance manager.",
        runbook="databases.md#look",
        source="cloudnative-pg/cloudnative-pg pkg/management/postgres/webserver/metricserver/pg_collector.go",
    ),
    Alert(
        name="PostgresReplicationLags",
        expression="cnpg_pg_replication_lag > 300",
        minutes=10,
        severity="warning",
        description="{{ $labels.pod }} is {{ $value | humanizeDuration }} behind the primary.",
        runbook="databases.md#an-instance-that-cannot-follow",
        source="cloudnative-pg/cloudnative-pg config/manager/default-monitoring.yaml, pg_replication",
    ),
    Alert(
        name="HarborCollectionFailed",
        # A series begins with the first failure, which `increase` does not see.
        expression=f"increase({_COLLECTED}[25h]) > 0 or ({_COLLECTED} unless {_COLLECTED} {_AGO}) > 0",
        minutes=0,
        severity="warning",
        description="Harbor could not free what nobody needs any more; its volume fills up.",
        runbook="alerts.md#harbor-frees-nothing",
        source="goharbor/harbor src/jobservice/runner/redis.go, src/lib/metric/jobservice.go",
    ),
    Alert(
        name="LoginsFail",
        # Passwords that were entered, less logins that came of them; the login takes a few of either for each person.
        expression=f'sum(increase({_STAGES}{{method="POST",stage_type=~".*PasswordStageView"}}[15m])) - '
        f'(sum(increase({_STAGES}{{stage_type=~".*UserLoginStageView"}}[15m])) or vector(0)) > 20',
        minutes=5,
        severity="warning",
        description="{{ $value | humanize }} passwords within a quarter of an hour led to no login.",
        runbook="alerts.md#logins-fail",
        source="goauthentik/authentik authentik/flows/apps.py, authentik/flows/views/executor.py",
    ),
)
