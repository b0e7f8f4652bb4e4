"""Memory that the pods of the platform ask for, in MiB, known before anything is built.

It is requests that the scheduler counts. Limits are the same but for the agent of Cilium, Matrix and Flux, whose own
values leave room for a busy moment (docs/adr/0024-machines-hold-the-pods.md). `tests/register/test_footprint.py`
sums what the program asks for and finds these figures.
"""

from declarations.volumes import MEMORY
from lib.kubernetes import mebibytes
from register.services import SERVICES
from register.volumes import of_services
from settings.model import Settings

SYSTEM = 768
"""Of each node: the kernel, what Talos reserves (384, `KubeletSystemReservedMemoryWorker`) and what the kubelet keeps
free (100, `evictionHard`)."""
CONTROL_PLANE = 1280
"""Of a control plane beyond that: API server, controllers and scheduler ask for 832, Talos reserves 128 more; etcd."""
EVERY_NODE = 640
"""Of each node: Cilium's agent, and the CSI plugin with its two helpers."""
_MONITORING, _NODE_EXPORTER = 448, 32
"""Operator, kube-state-metrics, Alertmanager and the two that reload configurations; and of each node."""
_GATE = 64
"""What a gate needs for the time that it looks."""

_INFRASTRUCTURE = 3828
"""Cilium's operators, CoreDNS, CSI controller, cert-manager, Traefik, Reflector, Reloader, External Secrets, the
operator of Postgres, and Valkey."""
_SECOND = 490
"""Of that, the second pods of CoreDNS, Traefik and the webhook of cert-manager."""
_VAULT = 640
"""Of each server."""
_AUTHENTIK = 2048
"""Of server and worker each."""
_NAMESERVER, _INGRESS_NAMES = 128, 64
"""Of each nameserver of a side, and of what adds the hosts of Ingresses to it."""
_GATEWAY, _ARCHIVE, _ARCHIVES = 512, 128, 512
"""Of each container of the backups' gateway; of what archives Postgres, and beside each instance."""
_FLUX = 768
"""The operator, and the four controllers as it makes them."""


def jobs(settings: Settings) -> int:
    """Memory of the Jobs that run at the same time: a gate, or the backups of all volumes, but for those of chains,
    whose namespaces have it.
    """
    return max(_GATE, mebibytes(MEMORY) * len(of_services(settings)))


def requests(settings: Settings, nodes: int) -> int:
    """Memory that pods ask for beyond what each node has anyway (`EVERY_NODE`).

    Args:
        nodes: How many nodes carry workloads: instances of Postgres and servers of Vault never share one.
    """
    databases, vault = settings.databases, settings.vault
    asked = _INFRASTRUCTURE - _SECOND * (2 - settings.system_replicas) + jobs(settings)
    asked += _AUTHENTIK * (settings.identity.replicas + 1)
    asked += mebibytes(databases.memory) * min(databases.instances, nodes) + _VAULT * min(vault.replicas, nodes)
    asked += (_NAMESERVER * settings.system_replicas + _INGRESS_NAMES) * len(settings.dns.sides)
    if settings.monitoring.enabled:
        asked += _MONITORING + mebibytes(settings.monitoring.memory) + _NODE_EXPORTER * nodes
    if settings.backup is not None:
        asked += _GATEWAY * (2 if settings.backup.target.nfs is not None else 1)
        asked += _ARCHIVE + _ARCHIVES * min(databases.instances, nodes)
    asked += sum(service.memory(settings) for service in SERVICES if service.enabled(settings))
    asked += sum(mebibytes(one.memory) for chain in settings.chains.values() for one in chain.namespaces.values())
    return asked + (_FLUX if settings.gitops.enabled else 0)
