"""Values of the flux-operator chart 0.59.0, which brings the CRDs and the operator but no Flux."""

from typing import Any

from lib.kubernetes import resources
from lib.names import SystemNamespace

CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller", "notification-controller")
"""Components of Flux, and the Deployments that run them."""
METRICS_PORT = 8080
"""Of their pods and of the operator's (config/data/flux of the operator, templates/deployment.yaml of its chart)."""

# The operator would apply it too, with `app.kubernetes.io/part-of: flux` by force (operator v0.58.1,
# internal/builder/templates.go and internal/controller/fluxinstance_controller.go): the next change of it by this
# program would be refused as a conflict.
_WITHOUT_NAMESPACE = {
    "target": {"kind": "Namespace"},
    "patch": f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {SystemNamespace.FLUX}\n$patch: delete\n",
}


def values() -> dict[str, Any]:
    """Values of the release, without the web page of the operator, which has no login here."""
    return {"web": {"enabled": False}, "resources": resources("50m", "512Mi")}


def instance(*, version: str, sync: dict[str, Any]) -> dict[str, Any]:
    """`spec` of the one FluxInstance (`fluxcd.controlplane.io/v1`).

    No `distribution.artifact`: the operator then installs from the manifests in its own image, which it has for every
    Flux up to 2.9.4 (config/data/flux of operator v0.58.1), and needs to reach no registry but that of the images.

    It is Ready once everything is applied. With `wait`, by default on, it would wait for the sync as well, and so for
    every commit in that repository (controlplaneio-fluxcd/flux-operator#493).

    Args:
        version: Release of Flux, exact.
        sync: `spec.sync`; empty for a Flux that applies nothing.
    """
    return {
        "distribution": {"version": version, "registry": "ghcr.io/fluxcd"},
        "components": list(CONTROLLERS),
        "cluster": {"type": "kubernetes", "networkPolicy": True},
        "kustomize": {"patches": [_WITHOUT_NAMESPACE]},
        "wait": False,
        **({"sync": sync} if sync else {}),
    }
