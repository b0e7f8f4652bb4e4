"""Values of the flux-operator chart 0.59.0, which brings the CRDs and the operator but no Flux."""

from typing import Any

from lib.kubernetes import resources


def values() -> dict[str, Any]:
    """Values of the release, without the web page of the operator, which has no login here."""
    return {"web": {"enabled": False}, "resources": resources("50m", "512Mi")}


def instance(*, version: str, sync: dict[str, Any]) -> dict[str, Any]:
    """`spec` of the one FluxInstance (`fluxcd.controlplane.io/v1`).

    No `distribution.artifact`: the operator then installs from the manifests in its own image, which it has for every
    Flux up to 2.8.7 (operator v0.49.0), and needs to reach no registry but that of the images.

    Args:
        version: Release of Flux, exact.
        sync: `spec.sync`; empty for a Flux that applies nothing.
    """
    return {
        "distribution": {"version": version, "registry": "ghcr.io/fluxcd"},
        "components": ["source-controller", "kustomize-controller", "helm-controller", "notification-controller"],
        "cluster": {"type": "kubernetes", "networkPolicy": True},
        **({"sync": sync} if sync else {}),
    }
