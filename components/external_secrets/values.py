"""Values of the External Secrets chart 2.9.0."""

from typing import Any

from lib.kubernetes import KEEP, resources

SERVICE_ACCOUNT = "external-secrets"
WEBHOOK_PORT, METRICS_PORT = 10250, 8080
"""Of the pods; the chart's defaults, named here because policies speak of them."""


def values() -> dict[str, Any]:
    """Values of the release: the served API is `external-secrets.io/v1` only."""
    return {
        "installCRDs": True,
        # Kept on uninstall: removing the definitions removes every ExternalSecret, and with it every Secret.
        "crds": {"unsafeServeV1Beta1": False, "annotations": dict(KEEP)},
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        "rbac": {"serviceAccountTokenCreate": True},
        "metrics": {"listen": {"port": METRICS_PORT}},
        "resources": resources("10m", "192Mi"),
        "webhook": {"port": WEBHOOK_PORT, "resources": resources("10m", "96Mi")},
        "certController": {"resources": resources("10m", "128Mi")},
    }
