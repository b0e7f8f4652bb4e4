"""Where workloads serve metrics, declared once; `stacks/monitoring.py` makes a PodMonitor or ServiceMonitor of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Token:
    """A bearer token without which metrics are not served.

    Attributes:
        secret: Name of the Secret with it, which Reflector copies to the namespace of the monitoring.
        key: Of that Secret.
    """

    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Monitor:
    """Metrics of one kind of workload.

    Attributes:
        name: Of the monitor, and the label `job` of everything that it reads.
        namespace: Where the workload runs.
        labels: Of its pods, or of its Services.
        port: Name of the port, of a container or of the Services.
        of: What those labels and that port belong to. Services only where the pods do not name the port.
        path, parameters: Of the URL.
        server_name: Name in the certificate where metrics come by TLS, signed by the platform's CA; else plain HTTP.
        keeps_labels: Whether labels of the metrics themselves win, such as the namespace of what they tell of.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    port: str
    of: Literal["pods", "services"] = "pods"
    path: str = "/metrics"
    parameters: Mapping[str, str] = field(default_factory=dict)
    server_name: str = ""
    token: Token | None = None
    keeps_labels: bool = False
