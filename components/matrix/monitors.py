"""Metrics of chat. Labels and ports: templates of the chart (`service_monitor.yaml` of each component)."""

from collections.abc import Sequence

from components.matrix.names import NAMESPACE
from components.matrix.values import RELEASE, workload
from declarations.monitors import Monitor
from settings.model import Settings


def monitors(_: Settings) -> Sequence[Monitor]:
    """Synapse, the authentication service and the proxy before both; Element hands out files and serves none."""
    synapse = {"k8s.element.io/synapse-instance": f"{RELEASE}-synapse"}
    return (
        Monitor(name="synapse", namespace=NAMESPACE, labels=synapse, port="synapse-metrics"),
        Monitor(
            name="matrix-authentication-service",
            namespace=NAMESPACE,
            labels=workload("matrix-authentication-service"),
            port="internal",
        ),
        Monitor(name="matrix-haproxy", namespace=NAMESPACE, labels=workload("haproxy"), port="haproxy-metrics"),
    )
