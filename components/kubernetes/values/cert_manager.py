"""Values of the cert-manager chart v1.21.1 (strict schema)."""

from typing import Any

from lib.kubernetes import resources
from lib.names import SystemNamespace


def values() -> dict[str, Any]:
    """Values of the release."""
    return {
        # Kept on uninstall: removing the definitions removes every Certificate, and with it every Secret's owner.
        "crds": {"enabled": True, "keep": True},
        # The default, kube-system, would be the only thing outside the release's own namespace.
        "global": {"leaderElection": {"namespace": SystemNamespace.CERT_MANAGER.value}},
        "resources": resources("20m", "128Mi"),
        "webhook": {"replicaCount": 2, "podDisruptionBudget": {"enabled": True}, "resources": resources("10m", "64Mi")},
        "cainjector": {"resources": resources("20m", "192Mi")},
        # A hook Job that makes a test resource through the webhook, so a finished release can be used at once.
        "startupapicheck": {"enabled": True, "timeout": "5m", "resources": resources("10m", "64Mi")},
    }
