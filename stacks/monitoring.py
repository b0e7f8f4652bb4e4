"""What the platform says of itself, and what comes of it. It needs the cluster only, and nothing waits for it."""

import itertools

import pulumi

from components.monitoring.alert_rules import AlertRules, AlertRulesArgs
from components.monitoring.alerts import declared
from components.monitoring.dashboards import Dashboards, DashboardsArgs
from components.monitoring.definitions import Definitions, DefinitionsArgs
from components.monitoring.monitors import Monitors, MonitorsArgs
from components.monitoring.prometheus import Prometheus, PrometheusArgs
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from lib.kubernetes import PodSecurity
from lib.names import SystemNamespace
from stacks import monitors
from stacks.contracts import Cluster, Gates, Site


def build(site: Site, cluster: Cluster) -> Gates:
    """Brings the monitoring up, where the stack file asks for it. A Vault that is away is part of what it tells."""
    settings = site.settings
    if not settings.monitoring.enabled:
        return ()
    phase = Phase("monitoring", PhaseArgs(after=cluster.ready), pulumi.ResourceOptions(providers=[cluster.kubernetes]))
    in_phase = pulumi.ResourceOptions(parent=phase)
    namespace = Namespace(
        "monitoring-namespace",
        NamespaceArgs(
            name=SystemNamespace.MONITORING,
            pod_security=PodSecurity.RESTRICTED,
            ca_certificate=cluster.trusted,
            from_namespaces=settings.monitoring.read_from,
        ),
        in_phase,
    )
    definitions = Definitions(
        "monitoring-definitions",
        DefinitionsArgs(chart=site.charts["prometheus-operator-crds"], namespace=namespace.namespace),
        in_phase,
    ).ready
    Monitors(
        "monitors",
        MonitorsArgs(
            namespace=namespace,
            monitors=monitors.declared(settings),
            definitions=definitions,
        ),
        in_phase,
    )
    alerts = declared(settings.backup.schedules.databases if settings.backup is not None else None)
    AlertRules(
        "alerts",
        AlertRulesArgs(
            namespace=namespace.namespace,
            alerts=[*itertools.chain(*alerts.values())],
            definitions=definitions,
            runbooks=settings.monitoring.runbooks,
        ),
        in_phase,
    )
    Dashboards(
        "dashboards",
        DashboardsArgs(namespace=namespace.namespace, readers=settings.monitoring.read_from),
        in_phase,
    )
    prometheus = Prometheus(
        "prometheus",
        PrometheusArgs(
            chart=site.charts["kube-prometheus-stack"],
            namespace=namespace.namespace,
            settings=settings.monitoring,
            storage_class=cluster.storage_class,
            machines=settings.talos is not None,
            definitions=definitions,
        ),
        in_phase,
    )
    return (prometheus.ready,)
