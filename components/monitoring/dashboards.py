"""Dashboards of the platform for Grafana, as ConfigMaps that any Grafana with a sidecar finds by their label.

Form: Grafana's documentation, "Dashboard JSON model"; the label is the default of its chart (sidecar.dashboards.label).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from lib.kubernetes import role_reference

_COLUMNS, _WIDTH, _HEIGHT = 24, 8, 7


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One graph or number.

    Attributes:
        title: What it shows.
        expression: PromQL.
        legend: Name of each series, with its labels as `{{label}}`.
        unit: Of Grafana, such as s, bytes, percentunit.
        kind: A course, or the last value alone.
    """

    title: str
    expression: str
    legend: str = ""
    unit: str = "short"
    kind: str = "timeseries"


OVERVIEW: Sequence[Panel] = (
    Panel(title="Alerts", expression='sum by (alertname) (ALERTS{alertstate="firing"})', legend="{{alertname}}"),
    Panel(title="Metrics that are not read", expression="sum by (job) (up == bool 0) > 0", legend="{{job}}"),
    Panel(
        title="Nodes that are not ready",
        expression='sum(kube_node_status_condition{condition="Ready",status="true"} == bool 0)',
        kind="stat",
    ),
    Panel(title="Vault unsealed", expression="vault_core_unsealed", legend="{{pod}}", kind="stat"),
    Panel(
        title="Secrets that do not follow Vault",
        expression='sum(externalsecret_status_condition{condition="Ready",status="False"}) or vector(0)',
        kind="stat",
    ),
    Panel(
        title="First certificate to end",
        expression="min(certmanager_certificate_expiration_timestamp_seconds) - time()",
        unit="s",
        kind="stat",
    ),
    Panel(
        title="Requests by service",
        expression="sum by (service) (rate(traefik_service_requests_total[5m]))",
        legend="{{service}}",
        unit="reqps",
    ),
    Panel(
        title="Requests that failed",
        expression='sum by (service) (rate(traefik_service_requests_total{code=~"5.."}[5m]))',
        legend="{{service}}",
        unit="reqps",
    ),
    Panel(
        title="Logins",
        expression="sum(rate(authentik_flows_execution_stage_time_count"
        '{stage_type=~".*UserLoginStageView"}[15m])) * 900',
    ),
    Panel(title="Replicas behind the primary", expression="cnpg_pg_replication_lag", legend="{{pod}}", unit="s"),
    Panel(
        title="Databases",
        expression="max by (datname) (cnpg_pg_database_size_bytes)",
        legend="{{datname}}",
        unit="bytes",
    ),
    Panel(
        title="Free on volumes",
        expression="kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes",
        legend="{{namespace}}/{{persistentvolumeclaim}}",
        unit="percentunit",
    ),
)


@dataclass(frozen=True, kw_only=True)
class DashboardsArgs:
    """Where they go.

    Attributes:
        readers: Namespaces whose pods may look for dashboards there.
    """

    namespace: pulumi.Input[str]
    readers: Sequence[str]


class Dashboards(pulumi.ComponentResource):
    """Creates:

    - `<name>-overview`: a ConfigMap with the dashboard of the platform at a glance.
    - `<name>-role`, `<name>-binding`: permission to read the ConfigMaps there, and no Secret, for the sidecar of a
      Grafana; where there are readers.
    """

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:monitoring/dashboards:Dashboards", name, None, opts)
        k8s.core.v1.ConfigMap(
            f"{name}-overview",
            metadata={"name": "dashboard-overview", "namespace": args.namespace, "labels": {"grafana_dashboard": "1"}},
            data={"home-cluster-overview.json": json.dumps(dashboard(OVERVIEW), sort_keys=True)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.readers:
            self._readers(name, args)
        self.register_outputs({})

    def _readers(self, name: str, args: DashboardsArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        metadata: Any = {"name": "dashboards", "namespace": args.namespace}
        rules: Any = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
        group = {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io"}
        readers: Any = [{**group, "name": f"system:serviceaccounts:{reader}"} for reader in args.readers]
        role = k8s.rbac.v1.Role(f"{name}-role", metadata=metadata, rules=rules, opts=child)
        k8s.rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=metadata,
            role_ref=role_reference("Role", role.metadata.name),
            subjects=readers,
            opts=child,
        )


def dashboard(panels: Sequence[Panel]) -> dict[str, Any]:
    """The JSON model, panels from left to right in rows; its source is Grafana's default."""
    return {
        "uid": "home-cluster-overview",
        "title": "Home cluster",
        "tags": ["home-cluster"],
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number * _WIDTH, _COLUMNS)
    return {
        "id": number + 1,
        "title": panel.title,
        "type": panel.kind,
        "datasource": {"type": "prometheus"},
        "gridPos": {"x": column, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [{"refId": "A", "expr": panel.expression, "legendFormat": panel.legend or "__auto"}],
    }
