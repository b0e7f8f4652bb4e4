"""Objects of somebody else that are where the program wants to make its own."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any, Final

from lab.assurance.outside import place
from lab.assurance.platform import Platform
from lab.assurance.step import FOREIGN, Step
from lab.providers.kubernetes.cluster import OBJECTS
from lab.world import Record, World
from reporting.phase import name_of

_KINDS: Final = frozenset(
    {
        *("CiliumNetworkPolicy", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob", "Namespace"),
        *("NetworkPolicy", "PodDisruptionBudget", "Role", "RoleBinding", "Secret", "ServiceAccount"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    }
)
"""Kinds of which nothing runs, so that nobody but the program would touch such an object."""


def in_the_way(platform: Platform, tried: Collection[str]) -> Step | None:
    """All that was not met yet is in the way: a first update meets those that it comes to, the next one others."""
    urns = {urn for urn in platform.strikable("create") if platform.kind(urn).startswith("kubernetes:")}
    met = sorted(urn for urn in urns if f"{FOREIGN} {urn}" not in tried and _kind(platform, urn) in _KINDS)
    if not met:
        return None
    planted = {place(platform.all[urn])[1]: _of_somebody(platform, urn) for urn in met}
    return Step(what=FOREIGN, struck=tuple(met), stage=partial(_put, planted), mend=partial(_taken, planted))


def _kind(platform: Platform, urn: str) -> str:
    return platform.kind(urn).rpartition(":")[2]


def _of_somebody(platform: Platform, urn: str) -> Record:
    inputs: dict[str, Any] = copy.deepcopy(dict(platform.all[urn]["inputs"]))
    own = {key: inputs[key] for key in ("apiVersion", "kind", "metadata")}
    own["metadata"] |= {"uid": f"somebody's {name_of(urn)}", "labels": {"by": "somebody"}, "generation": 1}
    return own


def _put(planted: dict[str, Record], world: World) -> None:
    for key, record in planted.items():
        world.put(OBJECTS, key, record)


def _taken(planted: dict[str, Record], world: World) -> Iterator[str]:
    """A person takes them away; what is not as it was, the program touched."""
    for key, record in planted.items():
        if world.get(OBJECTS, key) != record:
            yield f"{key} of somebody else was touched"
        else:
            world.delete(OBJECTS, key)
