"""What Prometheus reads, as objects of its operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.namespace import Namespace
from declarations.monitors import Monitor
from lib.kubernetes import MONITORING_API


@dataclass(frozen=True, kw_only=True)
class MonitorsArgs:
    """What is read.

    Attributes:
        namespace: That of the monitoring, with the CA bundle: all monitors are there, so that they need nothing of what
            they watch.
        definitions: The kinds are served.
    """

    namespace: Namespace
    monitors: Sequence[Monitor]
    definitions: pulumi.Resource


class Monitors(pulumi.ComponentResource):
    """Creates `<name>-<monitor>` for each: a PodMonitor or ServiceMonitor in the namespace of the monitoring."""

    def __init__(self, name: str, args: MonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:monitoring/monitors:Monitors", name, None, opts)
        for monitor in args.monitors:
            custom_resource(
                f"{name}-{monitor.name}",
                _monitor(monitor, args.namespace),
                # The release brings the kinds.
                pulumi.ResourceOptions(parent=self, depends_on=[args.definitions]),
            )
        self.register_outputs({})


def _monitor(monitor: Monitor, namespace: Namespace) -> CustomResourceArgs:
    pods = monitor.of == "pods"
    return CustomResourceArgs(
        api_version=MONITORING_API,
        kind="PodMonitor" if pods else "ServiceMonitor",
        name=monitor.name,
        namespace=namespace.namespace,
        spec={
            "namespaceSelector": {"matchNames": [monitor.namespace]},
            "selector": {"matchLabels": dict(monitor.labels)},
            "podMetricsEndpoints" if pods else "endpoints": [_endpoint(monitor, namespace)],
        },
        wait_for=None,
    )


def _endpoint(monitor: Monitor, namespace: Namespace) -> dict[str, Any]:
    ca = {"configMap": {"name": namespace.ca_bundle, "key": "ca.crt"}}
    tls = {"scheme": "https", "tlsConfig": {"ca": ca, "serverName": monitor.server_name}} if monitor.server_name else {}
    token = monitor.token
    return {
        "port": monitor.port,
        "path": monitor.path,
        **({"params": {key: [value] for key, value in monitor.parameters.items()}} if monitor.parameters else {}),
        # Otherwise the label is `monitoring/<name>` of a PodMonitor, and the name of the Service of a ServiceMonitor.
        "relabelings": [{"targetLabel": "job", "replacement": monitor.name}],
        **({"honorLabels": True} if monitor.keeps_labels else {}),
        **tls,
        # The operator takes the endpoint in as soon as there is such a Secret, which may be much later.
        **({"authorization": {"credentials": {"name": token.secret, "key": token.key}}} if token else {}),
    }
