"""Prometheus, which reads, judges and remembers, and Alertmanager, which tells."""

from dataclasses import dataclass

import pulumi

from components.helm import ReleaseArgs, release
from components.monitoring.prometheus_values import NAME, PrometheusValues, values
from lib.charts import Chart
from settings.platform import MonitoringSettings


@dataclass(frozen=True, kw_only=True)
class PrometheusArgs:
    """Section `monitoring` of the stack file.

    Attributes:
        definitions: The kinds are served.
        machines: Whether the control planes are this program's.
    """

    chart: Chart
    namespace: pulumi.Input[str]
    settings: MonitoringSettings
    storage_class: pulumi.Input[str]
    machines: bool
    definitions: pulumi.Resource


class Prometheus(pulumi.ComponentResource):
    """Creates `<name>-release`: operator, kube-state-metrics and node-exporter, awaited; and of the operator's kinds
    Prometheus and Alertmanager, whose volumes stay when the release goes: their claims are those of StatefulSets.

    Attributes:
        ready: The release.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:monitoring/prometheus:Prometheus", name, None, opts)
        inputs = PrometheusValues(settings=args.settings, storage_class=args.storage_class, machines=args.machines)
        self.ready = release(
            f"{name}-release",
            ReleaseArgs(chart=args.chart, release=NAME, namespace=args.namespace, values=values(inputs)),
            # Prometheus and Alertmanager are objects of these kinds.
            pulumi.ResourceOptions(parent=self, depends_on=[args.definitions]),
        )
        self.register_outputs({})
