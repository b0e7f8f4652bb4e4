"""Patch of a control plane that has what it runs serve metrics to other nodes.

By default etcd serves them to clients with a certificate alone, controller manager and scheduler on the loopback
(siderolabs/talos, internal/app/machined/pkg/controllers/k8s/control_plane_final.go; its docs, "Expose the Etcd Metrics
Endpoint"). etcd then answers anyone who reaches the node, with figures and no data; the others ask for
a token. Talos restarts their pods at once, and etcd with the next reboot of its node.
"""

from components.talos.config import Document

ETCD_PORT, CONTROLLER_MANAGER_PORT, SCHEDULER_PORT = 2381, 10257, 10259
"""The first is chosen here, the others are those of Kubernetes; only the first is plain HTTP."""
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - every address of the node; Prometheus runs on another


def patch() -> Document:
    """The patch, as data."""
    answering = {"extraArgs": {"bind-address": _EVERYWHERE}}
    return {
        "cluster": {
            "etcd": {"extraArgs": {"listen-metrics-urls": f"http://{_EVERYWHERE}:{ETCD_PORT}"}},
            "controllerManager": answering,
            "scheduler": answering,
        }
    }
