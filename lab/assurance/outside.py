"""What happens to a platform from outside: objects are changed and deleted by hand, services and machines are down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

from lab.assurance.platform import Platform
from lab.assurance.step import Step
from lab.clock import Clock
from lab.faults import Effect, Faults
from lab.injections import Injections
from lab.providers.base import Resource
from lab.providers.catalogue import packages
from lab.providers.kubernetes.cluster import CLUSTERS, OBJECTS, Cluster, object_key
from lab.providers.talos.nodes import NODES, server_of, take_down
from lab.site import Site
from lab.world import World

LOOKING: Final = Step(what="up", options={"refresh": True})

_CHANGED: Final[Mapping[str, tuple[tuple[str, ...], Any]]] = {
    "ConfigMap": (("data",), {"by": "hand"}),
    "Secret": (("data",), {"by": "aGFuZA=="}),
    "Namespace": (("metadata", "labels", "pod-security.kubernetes.io/warn"), "baseline"),
    "NetworkPolicy": (("spec", "policyTypes"), []),
    "PodDisruptionBudget": (("spec", "maxUnavailable"), 7),
    "ExternalSecret": (("spec", "refreshInterval"), "77h"),
    "CronJob": (("spec", "schedule"), "7 7 7 7 *"),
    "Role": (("rules",), []),
    "ClusterRole": (("rules",), []),
    "RoleBinding": (("subjects",), []),
    "ClusterRoleBinding": (("subjects",), []),
    "Deployment": (("spec", "replicas"), 7),
    "Certificate": (("spec", "renewBefore"), "7h"),
    "Service": (("spec", "ports"), [{"name": "hand", "port": 7}]),
    "Policy": (("policy",), "# by hand\n"),
    "VmLegacy": (("description",), "by hand"),
    "Blueprint": (("enabled",), False),
}
"""What a person changes, by kind: a value that the program says otherwise and that can be changed in place."""

_WRITTEN: Final = ("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret")
_DELETED: Final = frozenset(
    {
        *("AuthBackendRole", "Blueprint", "Certificate", "CiliumL2AnnouncementPolicy", "CiliumLoadBalancerIPPool"),
        *("CiliumNetworkPolicy", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob", "ExternalSecret"),
        *("Ingress", "Job", "NetworkPolicy", "PodDisruptionBudget", "Policy", "Role", "RoleBinding", "Secret"),
        *("SecretV2", "ServersTransport", "Service", "ServiceAccount", "ValidatingAdmissionPolicy"),
        "ValidatingAdmissionPolicyBinding",
    }
)

DOWN: Final[Mapping[str, tuple[str, str, Effect]]] = {
    "authentik": ("Release", "authentik", "never-ready"),
    "gitea": ("Release", "gitea", "never-ready"),
    "harbor": ("Release", "harbor", "never-ready"),
    "vault": ("Release", "vault", "never-ready"),
    "vault-unsealed": ("Vault", "vault", "never-ready"),
    "node": ("Node", "", "never-ready"),
    "proxmox": ("VmLegacy", "*", "refuse"),
    "database": ("Cluster", "postgres", "never-ready"),
    "kubernetes-api": ("", "", "refuse"),
}
"""Who does not answer, as faults of the lab; the node is a worker, and the API server is told so itself."""


def changes(platform: Platform) -> Iterator[Step]:
    """Objects changed by hand, and an update that looks."""
    yield from (of(platform, "changed", group) for group in _groups(platform, _CHANGED))


def losses(platform: Platform) -> Iterator[Step]:
    """Objects deleted by hand, without any that hold data."""
    yield from (of(platform, "deleted", group) for group in _groups(platform, _DELETED))


def of(platform: Platform, what: str, urns: tuple[str, ...]) -> Step:
    """The step in which these were `changed` or `deleted`."""
    stage = partial(_each, platform, urns, _change if what == "changed" else _delete)
    return Step(what=what, struck=urns, options=LOOKING.options, stage=stage)


def down(platform: Platform, service: str) -> Step:
    """A service is down while everything that has an update is to be updated, and its gates are to be made again."""
    # Of all parts: what misses the service may be of another one.
    aged = replace(platform, part=0, parts=1).strikable("update")
    options = {"": {"cluster_down": True}, "Release": LOOKING.options}.get(DOWN[service][0], {})
    stage, mend = partial(_down, service, aged), _up
    return Step(what="down", struck=(service,), beside=tuple(sorted(aged)), options=options, stage=stage, mend=mend)


def _groups(platform: Platform, kinds: Mapping[str, Any] | frozenset[str]) -> list[tuple[str, ...]]:
    urns = {urn for urn in platform.strikable("update") if platform.kind(urn).rpartition(":")[2] in kinds}
    groups = platform.levels({urn for urn in urns if not _unchangeable(platform.all[urn])})
    return sorted(groups, key=len, reverse=True)


def _unchangeable(resource: Mapping[str, Any]) -> bool:
    """Whether nobody can change it, or nobody brings back what is in it, since others wrote it: the keys of Vault."""
    inputs = resource.get("inputs") or {}
    written = inputs.get("data") or inputs.get("stringData")
    return bool(inputs.get("immutable")) or (str(resource["type"]).startswith(_WRITTEN) and not written)


def _each(platform: Platform, urns: tuple[str, ...], change: Callable[..., None], world: World) -> None:
    cluster = Cluster(Site(world, Clock(world)))
    for urn in urns:
        change(cluster, platform.all[urn])


def _change(cluster: Cluster, resource: Mapping[str, Any]) -> None:
    path, value = _CHANGED[str(resource["type"]).rpartition(":")[2]]
    world, (table, key) = cluster.world, place(resource)
    record = world.get(table, key)
    if record is None:
        return
    for root in [record] if table == OBJECTS else [record["inputs"], record["outputs"]]:
        at = root
        for name in path[:-1]:
            at = at.setdefault(name, {})
        at[path[-1]] = value
    world.put(table, key, record, sealed=table != OBJECTS or record["kind"] == "Secret")


def _delete(cluster: Cluster, resource: Mapping[str, Any]) -> None:
    table, key = place(resource)
    if table == OBJECTS:
        group, kind, namespace, name = key.split("/")
        cluster.remove(f"{group}/{kind}" if group else kind, namespace, name)
    else:
        cluster.world.delete(table, key)


def place(resource: Mapping[str, Any]) -> tuple[str, str]:
    """Where it lies in the world."""
    token, identifier = str(resource["type"]), str(resource["id"])
    package, module, kind = token.split(":")
    if package == "kubernetes":
        group = module.rpartition("/")[0]
        namespace, _, name = identifier.rpartition("/")
        return OBJECTS, object_key("" if group == "core" else group, kind, namespace, name)
    handler = _handlers()[token]
    return handler.table, handler.key(identifier)


@cache
def _handlers() -> Mapping[str, Resource]:
    return {token: one for package in packages() for token, one in package.resources.items()}


def _down(service: str, aged: frozenset[str], world: World) -> None:
    for urn in aged:
        Injections(world).age(urn)
    kind, name, effect = DOWN[service]
    if kind == "Node":
        name = _lose_worker(world)
    if kind:
        Faults(world).stage(kind, name, effect)
    if kind == "Release":
        cluster = Cluster(Site(world, Clock(world)))
        for job in [dict(one) for one in cluster.each("batch/Job", name)]:
            cluster.remove("batch/Job", name, job["metadata"]["name"])
    _answers(world, answers=service != "kubernetes-api")


def _lose_worker(world: World) -> str:
    """One of them goes down; its name."""
    address, node = next((address, one) for address, one in world.table(NODES).items() if not server_of(one))
    take_down(world, address, "its host is gone")
    return str(node["name"])


def _up(world: World) -> Iterator[str]:
    Faults(world).clear()
    _answers(world, answers=True)
    yield from ()


def _answers(world: World, *, answers: bool) -> None:
    for server, record in world.table(CLUSTERS).items():
        world.put(CLUSTERS, server, {**record, "answers": answers})
