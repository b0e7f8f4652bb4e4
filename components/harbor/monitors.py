"""Metrics of Harbor."""

from collections.abc import Sequence

from components.harbor.names import NAMESPACE
from declarations.monitors import Monitor
from settings.model import Settings

_LABELS = {"release": "harbor", "app": "harbor"}
"""Of its Services (harbor.matchLabels of the chart's templates/_helpers.tpl)."""


def monitors(_: Settings) -> Sequence[Monitor]:
    """The pods of core and job service name no port of metrics, their Services do; and the exporter tells of other
    workloads than its own (templates/metrics/metrics-svcmon.yaml of the chart).
    """
    return (
        Monitor(
            name="harbor",
            namespace=NAMESPACE,
            labels=_LABELS,
            port="http-metrics",
            of="services",
            keeps_labels=True,
        ),
    )
