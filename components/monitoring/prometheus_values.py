"""Values of the chart kube-prometheus-stack 88.5.3: Prometheus with its operator, Alertmanager, and what tells of
nodes, pods and volumes. Rules and dashboards of Kubernetes come with it; those of the platform stand beside it.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.talos.metrics import CONTROLLER_MANAGER_PORT, ETCD_PORT, SCHEDULER_PORT
from lib.kubernetes import resources
from lib.names import SystemNamespace
from settings.platform import MonitoringSettings

NAME = "prometheus"
"""What the chart's objects begin with."""
PORT = 9090
"""Of Prometheus, behind the Service `prometheus-operated` of the operator."""
_ALERTS_SIZE = "1Gi"
_PEOPLE, _NOBODY = "people", "nobody"


@dataclass(frozen=True, kw_only=True)
class PrometheusValues:
    """Inputs of the values.

    Attributes:
        machines: Whether the control planes are this program's, and so serve metrics (components/talos/metrics.py).
    """

    settings: MonitoringSettings
    storage_class: pulumi.Input[str]
    machines: bool


def values(args: PrometheusValues) -> dict[str, Any]:
    """Values of the release."""
    return {
        "fullnameOverride": NAME,
        "crds": {"enabled": False},  # they come before, with components/monitoring/definitions.py
        # Dashboards as ConfigMaps that any Grafana finds by their label.
        "grafana": {"enabled": False, "forceDeployDashboards": True},
        **_control_planes(machines=args.machines),
        "kubeProxy": {"enabled": False},  # Cilium stands in for it
        "coreDns": {"enabled": False},  # stacks/monitors.py
        "kube-state-metrics": {"resources": resources("10m", "128Mi")},
        # It looks at the node itself, which no other pod of the monitoring may.
        "prometheus-node-exporter": {
            "namespaceOverride": SystemNamespace.KUBE_SYSTEM.value,
            "resources": resources("10m", "32Mi"),
        },
        # Its webhook would check rules, which promtool has done; without it nobody needs its certificate.
        "prometheusOperator": {
            "admissionWebhooks": {"enabled": False},
            "tls": {"enabled": False},
            "resources": resources("10m", "128Mi"),
            "prometheusConfigReloader": {"resources": resources("10m", "32Mi")},
        },
        "prometheus": {"prometheusSpec": _prometheus(args)},
        "alertmanager": {
            "config": _alertmanager(args.settings),
            "alertmanagerSpec": {
                "storage": _volume(_ALERTS_SIZE, args.storage_class),
                "resources": resources("10m", "128Mi"),
            },
        },
    }


def _control_planes(*, machines: bool) -> dict[str, Any]:
    """By the nodes of the pods that Talos runs there; etcd is no pod, and answers beside the API server."""
    parts = {
        "kubeEtcd": ("kube-apiserver", ETCD_PORT),
        "kubeControllerManager": ("kube-controller-manager", CONTROLLER_MANAGER_PORT),
        "kubeScheduler": ("kube-scheduler", SCHEDULER_PORT),
    }
    if not machines:
        return {part: {"enabled": False} for part in parts}
    return {
        part: {"service": {"port": port, "targetPort": port, "selector": {"k8s-app": pod}}}
        for part, (pod, port) in parts.items()
    }


def _prometheus(args: PrometheusValues) -> dict[str, Any]:
    """It takes every monitor and rule of the cluster, and not those of this release alone."""
    return {
        "retention": f"{args.settings.retention_days}d",
        "storageSpec": _volume(args.settings.size, args.storage_class),
        "resources": resources("100m", args.settings.memory),
        **{
            f"{kind}SelectorNilUsesHelmValues": False
            for kind in ("podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor")
        },
    }


def _volume(size: str, storage_class: pulumi.Input[str]) -> dict[str, Any]:
    claim = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
    }
    return {"volumeClaimTemplate": {"spec": claim}}


def _alertmanager(settings: MonitoringSettings) -> dict[str, Any]:
    """Its configuration (prometheus.io/docs/alerting/latest/configuration): what has to be known goes to people, one
    message for each alert and namespace; a watchdog that always fires, and what only holds others back, to nobody.
    """
    told = {"webhook_configs": [{"url": settings.webhook, "send_resolved": True}]} if settings.webhook else {}
    return {
        "route": {
            "receiver": _PEOPLE,
            "group_by": ["alertname", "namespace"],
            "group_wait": "1m",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [{"receiver": _NOBODY, "matchers": ['alertname =~ "Watchdog|InfoInhibitor"']}],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "critical"'],
                "target_matchers": ['severity =~ "warning|info"'],
                "equal": ["namespace", "alertname"],
            }
        ],
        "receivers": [{"name": _PEOPLE, **told}, {"name": _NOBODY}],
    }
