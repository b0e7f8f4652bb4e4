"""Values of the External Secrets chart 2.9.0."""

from typing import Any

from lib.kubernetes import resources

SERVICE_ACCOUNT = "external-secrets"


def values() -> dict[str, Any]:
    """Values of the release: the served API is `external-secrets.io/v1` only."""
    return {
        "installCRDs": True,
        "crds": {"unsafeServeV1Beta1": False},
        "serviceAccount": {"create": True, "name": SERVICE_ACCOUNT},
        "rbac": {"serviceAccountTokenCreate": True},
        "resources": resources("10m", "192Mi"),
        "webhook": {"resources": resources("10m", "96Mi")},
        "certController": {"resources": resources("10m", "128Mi")},
    }
