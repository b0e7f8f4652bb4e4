"""Checks of pools of nodes: what they carry, what their nodes are called in Kubernetes, what they are given."""

from collections import Counter
from collections.abc import Iterator

from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.pools import POOL_LABEL, ControlPlanes, taint_parts
from settings.problem import Problem

_OF_THE_KUBELET = ("kubelet.kubernetes.io", "node.kubernetes.io")
_OF_KUBERNETES = ("kubernetes.io", "k8s.io")
_RESTRICTED = "node-restriction.kubernetes.io"
_OWN = (
    *(POOL_LABEL, "topology.kubernetes.io/region", "topology.kubernetes.io/zone"),
    *("kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"),
)


def control_planes_are_odd(settings: Settings) -> Iterator[Problem]:
    """Also while one is replaced: then `replacing` stands for it."""
    if settings.talos is None:
        return
    pool = settings.talos.control_plane
    if pool.replacing in {node.name for node in pool.nodes}:
        clash = "is among talos.controlPlane.nodes"
        yield Problem("talos.controlPlane.replacing", pool.replacing, clash, "delete the one or the other")
        return
    count = len(pool.nodes)
    if (count + (pool.replacing is not None)) % 2 == 0:
        yield Problem(
            "talos.controlPlane.nodes",
            f"{count} nodes",
            "give etcd no majority beyond that of one fewer" if count else "leave no control plane",
            f"use {count + 1}" if not count else f"use {count - 1} or {count + 1}",
        )


def workloads_have_nodes(settings: Settings) -> Iterator[Problem]:
    talos = settings.talos
    if talos is None or not talos.nodes or talos.workload_nodes:
        return
    reserved = [f"talos.{key}.taints" for key, pool in talos.pools.items() if pool.is_reserved and pool.nodes]
    if reserved:
        clash = "keep the platform away, and no other node takes it"
        fix = "delete the taints of one, add a pool without, or set talos.controlPlane.schedulable to true"
        yield Problem(", ".join(reserved), "taints that", clash, fix)
    else:
        clash = "leaves no node for workloads, since talos.workers has none"
        yield Problem("talos.controlPlane.schedulable", "false", clash, "delete the line, or add workers")


def instances_have_nodes(settings: Settings) -> Iterator[Problem]:
    wanted = settings.databases.instances
    if settings.talos is not None and 0 < len(settings.talos.workload_nodes) < wanted:
        clash = f"need a node each, and {_nodes_for_workloads(settings.talos)}"
        yield Problem("databases.instances", wanted, clash, "lower the instances or add nodes")


def vault_servers_have_nodes(settings: Settings) -> Iterator[Problem]:
    wanted = settings.vault.replicas
    if settings.talos is not None and 1 < wanted > len(settings.talos.workload_nodes) > 0:
        clash = f"needs a node for each of {wanted} servers, and {_nodes_for_workloads(settings.talos)}"
        yield Problem("vault.mode", settings.vault.mode, clash, "add nodes or use standalone")


def _nodes_for_workloads(talos: TalosSettings) -> str:
    keys = [f"talos.{key}.nodes" for key, pool in talos.workload_pools.items() if pool.nodes]
    return f"{' and '.join(keys)} {'has' if len(keys) == 1 else 'have'} {len(talos.workload_nodes)}"


def labels_may_be_set(settings: Settings) -> Iterator[Problem]:
    """A label that a kubelet may not set keeps all others of its node away (`components/talos/pool.py`)."""
    pools = settings.talos.pools if settings.talos is not None else {}
    for key, pool in pools.items():
        for label in pool.labels:
            where = f"talos.{key}.labels"
            if label in _OWN:
                yield Problem(where, label, "is a label that nodes have anyway", "use another key")
            elif not isinstance(pool, ControlPlanes) and _is_forbidden(label):
                clash = "is of Kubernetes, and no worker may give it to itself (NodeRestriction)"
                yield Problem(where, label, clash, f"use another domain, or {_OF_THE_KUBELET[1]}")


def _is_forbidden(label: str) -> bool:
    """As kube-apiserver tells (plugin/pkg/admission/noderestriction/admission.go, getForbiddenLabels)."""
    namespace = label.rpartition("/")[0]

    def belongs(*domains: str) -> bool:
        return any(namespace == one or namespace.endswith(f".{one}") for one in domains)

    return belongs(_RESTRICTED) or (belongs(*_OF_KUBERNETES) and not belongs(*_OF_THE_KUBELET))


def taints_have_one_effect(settings: Settings) -> Iterator[Problem]:
    """Talos keeps taints by their keys (machine.nodeTaints)."""
    pools = settings.talos.pools if settings.talos is not None else {}
    for key, pool in pools.items():
        for taint, count in Counter(taint_parts(one)[0] for one in pool.taints).items():
            if count > 1:
                yield Problem(f"talos.{key}.taints", taint, f"is the key of {count} taints", "keep one of them")
