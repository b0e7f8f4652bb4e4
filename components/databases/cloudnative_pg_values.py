"""Values of the CloudNativePG operator chart 0.29.0."""

from typing import Any

from lib.kubernetes import resources

WEBHOOK_PORT = 9443
METRICS_PORT = 8080
"""Of the operator's pod; fixed by the chart."""


def values() -> dict[str, Any]:
    """Values of the release. One replica: while it is away Postgres serves, but nothing fails over."""
    return {
        "replicaCount": 1,
        "crds": {"create": True},
        "webhook": {"port": WEBHOOK_PORT},
        "resources": resources("50m", "256Mi"),
    }
