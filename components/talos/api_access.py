"""Patch of a control plane that lets pods of one namespace ask the Talos API for snapshots of etcd, and no more.

Talos then serves its own API in the cluster (Service `talos` in `default`) and makes a client certificate of six hours,
renewed an hour before its end, for each ServiceAccount of `talos.dev` whose namespace and roles stand here
(siderolabs/talos v1.13.7, internal/app/machined/pkg/controllers/kubeaccess). A worker with it is refused. It is taken
while the node runs, without a reboot (CanApplyImmediate in pkg/runtime/v1alpha1/v1alpha1_runtime.go). Talos 1.14 has a
document of its own for it, KubeTalosAPIAccessConfig, and refuses both beside each other.
"""

from components.talos.config import Document

ROLE = "os:etcd:backup"
"""May take snapshots, and see members, status and alarms of etcd (pkg/system/services/machined.go)."""
API_PORT = 50000
"""Of apid on every node."""


def patch(namespace: str) -> Document:
    """The patch, as data; whoever may make a ServiceAccount of `talos.dev` there has all that etcd holds."""
    access = {"enabled": True, "allowedRoles": [ROLE], "allowedKubernetesNamespaces": [str(namespace)]}
    return {"machine": {"features": {"kubernetesTalosAPIAccess": access}}}
