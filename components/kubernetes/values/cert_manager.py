"""Values of the cert-manager chart v1.21.1 (strict schema)."""

from typing import Any

from lib.kubernetes import resources
from lib.names import SystemNamespace


def values(replicas: int) -> dict[str, Any]:
    """Values of the release; `replicas` of the webhook, without which no certificate is taken."""
    return {
        # Kept on uninstall: removing the definitions removes every Certificate, and with it every Secret's owner.
        "crds": {"enabled": True, "keep": True},
        # The default, kube-system, would be the only thing outside the release's own namespace.
        "global": {"leaderElection": {"namespace": SystemNamespace.CERT_MANAGER.value}},
        "resources": resources("20m", "128Mi"),
        "webhook": {
            "replicaCount": replicas,
            # By default one must stay, which holds up the drain of the only node.
            "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
            "resources": resources("10m", "64Mi"),
        },
        "cainjector": {"resources": resources("20m", "192Mi")},
        # A hook Job that makes a test resource through the webhook, so a finished release can be used at once.
        "startupapicheck": {"enabled": True, "timeout": "5m", "resources": resources("10m", "64Mi")},
    }
