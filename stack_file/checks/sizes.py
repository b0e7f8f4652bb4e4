"""Checks of what must be large enough for what it holds."""

from collections.abc import Callable, Iterator, Mapping

from lib.compatibility import release
from lib.kubernetes import mebibytes
from register import footprint
from settings.infrastructure import TalosSettings
from settings.model import Settings
from settings.pools import NodePool
from settings.problem import Problem
from settings.service import ServiceSection

_NODE_PREFIX = 24
"""Each node gets a /24 of the pod network (`--node-cidr-mask-size` of kube-controller-manager, its default)."""
_SMALLEST_SERVICES = 24
"""A /24 has room for the Services of the platform."""
_LARGEST_SERVICES, _ANY_SIZE_SINCE = 12, (1, 34)
"""kube-apiserver refuses a larger network (cmd/kube-apiserver/app/options/validation.go) as long as it keeps its bitmap
of addresses in etcd (feature gate DisableAllocatorDualWrite)."""


_GIBIBYTE = 1024
"""In MiB: the least volume that any of the services starts on."""
_LARGEST_VOLUME = 64 * 1024 * _GIBIBYTE
"""In MiB: 64 TiB, more than a volume of ext4 on one machine holds."""


def _below(
    services: Mapping[str, ServiceSection], part: Callable[[ServiceSection], Mapping[str, str]]
) -> dict[str, str]:
    return {f"{name}.{key}": value for name, section in services.items() for key, value in part(section).items()}


def volumes(settings: Settings) -> dict[str, tuple[str, int]]:
    """Size of each kind of volume by its key, and how many there are of it."""
    vault, databases = settings.vault, settings.databases
    return {
        "storage.probeSize": (settings.storage.probe_size, 1),
        "vault.dataSize": (vault.data_size, vault.replicas),
        "vault.auditSize": (vault.audit_size, vault.replicas),
        "databases.size": (databases.size, databases.instances),
        "databases.valkeySize": (databases.valkey_size, 1),
        **({"monitoring.size": (settings.monitoring.size, 1)} if settings.monitoring.enabled else {}),
        **{key: (size, 1) for key, size in _below(settings.services, lambda section: section.volumes).items()},
    }


def volumes_have_a_size(settings: Settings) -> Iterator[Problem]:
    for key, (size, _) in volumes(settings).items():
        if not _GIBIBYTE <= mebibytes(size) <= _LARGEST_VOLUME:
            yield Problem(key, size, "is no size for a volume of a service", "use 1Gi or more, and 64Ti or less")


def pods_fit_on_a_node(settings: Settings) -> Iterator[Problem]:
    """Talos and the kubelet leave less than a node has, so all of it is too much as well."""
    pools = _nodes(settings.talos)
    if not pools:
        return
    # Instances of Postgres never share a node, so the smallest that one of them needs is asked.
    instances = min(settings.databases.instances, len(pools))
    pods = {"databases.memory": (settings.databases.memory, instances)}
    pods |= {key: (size, 1) for key, size in _below(settings.enabled_services, lambda one: one.memory).items()}
    for name, (memory, count) in pods.items():
        key, pool = pools[count - 1]
        if mebibytes(memory) >= pool.memory:
            clash = f"does not fit on a node, of which talos.{key}.memory is {pool.memory}"
            yield Problem(name, memory, clash, "use less, or larger nodes")


def _nodes(talos: TalosSettings | None) -> list[tuple[str, NodePool]]:
    """The pool of each node that carries workloads, with its key; the nodes with the most memory come first."""
    pools = talos.workload_pools.items() if talos is not None else ()
    return sorted(((key, pool) for key, pool in pools for _ in pool.nodes), key=lambda one: -one[1].memory)


def pod_network_holds_the_nodes(settings: Settings) -> Iterator[Problem]:
    if settings.talos is None:
        return
    pods, nodes = settings.network.pods, len(settings.talos.nodes)
    fit = 1 << (_NODE_PREFIX - pods.prefixlen) if pods.prefixlen <= _NODE_PREFIX else 0
    if nodes > fit:
        clash = f"gives {fit} nodes a /{_NODE_PREFIX} each, and talos has {nodes}"
        wanted = _NODE_PREFIX - (nodes - 1).bit_length()
        yield Problem("network.pods", pods, clash, f"use a /{wanted} or larger: it cannot grow with the nodes later")


def service_network_has_a_size_that_kubernetes_takes(settings: Settings) -> Iterator[Problem]:
    services = settings.network.services
    if services.prefixlen > _SMALLEST_SERVICES:
        fix = f"use a /{_SMALLEST_SERVICES} or larger"
        yield Problem("network.services", services, "is too small for the platform's Services", fix)
    talos = settings.talos
    if talos is None or release(talos.kubernetes_version)[:2] >= _ANY_SIZE_SINCE:
        return
    if services.prefixlen < _LARGEST_SERVICES:
        clash = f"is larger than talos.kubernetesVersion {talos.kubernetes_version} takes"
        yield Problem("network.services", services, clash, f"use a /{_LARGEST_SERVICES} or smaller")


def nodes_hold_the_pods(settings: Settings) -> Iterator[Problem]:
    """Also while one of several is lost, or drained for an update: what ran there must find a place."""
    nodes = _nodes(settings.talos)
    # A pod that is larger than a node is told of as that.
    if not nodes or any(pods_fit_on_a_node(settings)):
        return
    count, left = len(nodes), nodes[1:] or nodes
    asked = footprint.requests(settings, len(left))
    room = sum(pool.memory - _own(key) for key, pool in left)
    if room >= asked:
        return
    where = f"the {len(left)} of {count} nodes that are left when one is lost" if count > 1 else "the only node"
    pools, short = dict(left), -(-(asked - room) // len(left))
    own = " or ".join(sorted({str(_own(key)) for key in pools}))
    clash = f"is too little: the pods ask for {asked} MiB on {where}, beside {own} of each node itself"
    wanted = ", ".join(str(pool.memory + short) for pool in pools.values())
    yield Problem(
        ", ".join(f"talos.{key}.memory" for key in pools),
        ", ".join(str(pool.memory) for pool in pools.values()),
        clash,
        f"use {wanted} or more, or add nodes",
    )


def _own(key: str) -> int:
    """What a node of a pool needs for itself, in MiB."""
    return footprint.SYSTEM + footprint.EVERY_NODE + (footprint.CONTROL_PLANE if key == "controlPlane" else 0)
