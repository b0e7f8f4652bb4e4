"""What Prometheus reads, as objects of its operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.custom_resource import CustomResourceArgs, custom_resource
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from declarations.monitors import Monitor, Token
from lib.kubernetes import MONITORING_API


@dataclass(frozen=True, kw_only=True)
class MonitorsArgs:
    """What is read.

    Attributes:
        namespace: That of the monitoring, with the CA bundle: all monitors are there, so that they need nothing of what
            they watch.
        definitions: The kinds are served.
        secrets: The written secrets, among them the tokens of monitors.
        store: Readiness of the ClusterSecretStore.
    """

    namespace: Namespace
    monitors: Sequence[Monitor]
    definitions: pulumi.Resource
    secrets: PlatformSecrets
    store: pulumi.Resource


class Monitors(pulumi.ComponentResource):
    """Creates `<name>-<monitor>` for each: a PodMonitor or ServiceMonitor in the namespace of the monitoring; and
    `<name>-<monitor>-token`, an ExternalSecret, where metrics are not served without one.
    """

    def __init__(self, name: str, args: MonitorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:monitoring/monitors:Monitors", name, None, opts)
        for monitor in args.monitors:
            token = self._token(f"{name}-{monitor.name}-token", args, monitor.token)
            custom_resource(
                f"{name}-{monitor.name}",
                _monitor(monitor, args.namespace, token),
                # The release brings the kinds.
                pulumi.ResourceOptions(parent=self, depends_on=[args.definitions]),
            )
        self.register_outputs({})

    def _token(self, name: str, args: MonitorsArgs, token: Token | None) -> dict[str, Any]:
        """Part of the endpoint."""
        if token is None:
            return {}
        secret = ExternalSecret(
            name,
            ExternalSecretArgs(
                namespace=args.namespace,
                secret_name=token.secret,
                keys=[SecretKey(token.field, args.secrets[token.path], token.field)],
                store_ready=[args.store],
            ),
            pulumi.ResourceOptions(parent=self),
        ).secret_name
        return {"authorization": {"type": "Bearer", "credentials": {"name": secret, "key": token.field}}}


def _monitor(monitor: Monitor, namespace: Namespace, token: dict[str, Any]) -> CustomResourceArgs:
    pods = monitor.of == "pods"
    return CustomResourceArgs(
        api_version=MONITORING_API,
        kind="PodMonitor" if pods else "ServiceMonitor",
        name=monitor.name,
        namespace=namespace.namespace,
        spec={
            "namespaceSelector": {"matchNames": [monitor.namespace]},
            "selector": {"matchLabels": dict(monitor.labels)},
            "podMetricsEndpoints" if pods else "endpoints": [_endpoint(monitor, namespace, token)],
        },
        wait_for=None,
    )


def _endpoint(monitor: Monitor, namespace: Namespace, token: dict[str, Any]) -> dict[str, Any]:
    ca = {"configMap": {"name": namespace.ca_bundle, "key": "ca.crt"}}
    tls = {"scheme": "https", "tlsConfig": {"ca": ca, "serverName": monitor.server_name}} if monitor.server_name else {}
    return {
        "port": monitor.port,
        "path": monitor.path,
        **({"params": {key: [value] for key, value in monitor.parameters.items()}} if monitor.parameters else {}),
        # Otherwise the label is `monitoring/<name>` of a PodMonitor, and the name of the Service of a ServiceMonitor.
        "relabelings": [{"targetLabel": "job", "replacement": monitor.name}],
        **({"honorLabels": True} if monitor.keeps_labels else {}),
        **tls,
        **token,
    }
