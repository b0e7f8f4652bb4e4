"""How long a bring-up takes when each kind of resource takes as long as a table says: simulated, event by event."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from reporting.fates import dependencies
from reporting.phases import PHASE_TYPE

Needs = Mapping[str, Sequence[str]]
"""Resource -> what it needs, in the order in which the program makes them."""
Seconds = Mapping[str, float]
"""Resource -> how long making it takes."""

LATENCIES: Final[Mapping[str, tuple[float, str]]] = {
    "proxmoxve:download/fileLegacy:*": (60, "the image of Talos, 100 MB, at 15 Mbit/s"),
    "proxmoxve:index/vmLegacy:*": (60, "a machine is made and started, its disk allocated"),
    "talos:machine/configurationApply:*": (60, "Talos is written to disk, the machine starts again"),
    "talos:machine/bootstrap:*": (30, "etcd is made"),
    "command:local:Command": (120, "until the first control plane has pulled its images and answers"),
    "kubernetes:helm.sh/v3:Release/authentik-release": (240, "three images, and the migrations of its database"),
    "kubernetes:helm.sh/v3:Release/harbor-release": (180, "eight images"),
    "kubernetes:helm.sh/v3:Release/matrix-release": (180, "six images, and the migrations of Synapse"),
    "kubernetes:helm.sh/v3:Release/gitea-release": (120, "an image, and the migrations of its database"),
    "kubernetes:helm.sh/v3:Release": (90, "an image is pulled, its pods become ready"),
    "kubernetes:postgresql.cnpg.io/v1:Cluster": (120, "a first instance, and a second that is copied from it"),
    "kubernetes:fluxcd.controlplane.io/v1:FluxInstance": (90, "four controllers"),
    "kubernetes:apps/v1:*": (30, "an image is pulled, its pods become ready"),
    "kubernetes:batch/v1:Job": (20, "a pod is scheduled, and its script finds what it asks for"),
    "kubernetes:cert-manager.io/v1:Certificate": (10, "signed by the cluster's own CA"),
    "kubernetes:external-secrets.io/v1:*": (5, "read from Vault"),
    "kubernetes:*": (1, "a call of the API"),
    "vault:*": (1, "a call of the API"),
    "authentik:*": (1, "a call of the API"),
    "tls:*": (1, "a key of RSA"),
}
"""Type, or type/name -> seconds, and what they are for; the first that fits counts, what none fits takes no time.
All of them are assumed: none was measured on a cluster."""


def latency(resource: Mapping[str, Any]) -> float:
    """Seconds that making a resource of a state takes."""
    if not resource.get("custom"):
        return 0.0
    names = resource["type"], f"{resource['type']}/{resource['urn'].rpartition('::')[2]}"
    return next((seconds for key, (seconds, _) in LATENCIES.items() if any(fnmatchcase(one, key) for one in names)), 0)


def graph_of(resources: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What each resource of a state needs; its order is that of the state, in which the engine finished them."""
    by_urn = {one["urn"]: one for one in resources}
    return {urn: [need for need in dependencies(by_urn, one) if need in by_urn] for urn, one in by_urn.items()}


def makespan(needs: Needs, seconds: Seconds, workers: int) -> float:
    """Until the last resource is made, at most `workers` of them at once.

    As the engine does it: what everything it needs is made of comes to the end of a queue, from which each free worker
    takes the first (pulumi 3.250, `pkg/resource/deploy/step_executor.go`: `fanout` goroutines on one channel).
    """
    missing = {one: len(set(before)) for one, before in needs.items()}
    users: dict[str, list[str]] = {one: [] for one in needs}
    for one, before in needs.items():
        for need in set(before):
            users[need].append(one)
    queue = deque(one for one, count in missing.items() if count == 0)
    working: list[tuple[float, int, str]] = []
    now, taken = 0.0, 0
    while queue or working:
        while queue and len(working) < workers:
            one = queue.popleft()
            heapq.heappush(working, (now + seconds[one], taken, one))
            taken += 1
        now, _, done = heapq.heappop(working)
        for user in users[done]:
            missing[user] -= 1
            if missing[user] == 0:
                queue.append(user)
    if taken != len(needs):
        raise ValueError(f"{len(needs) - taken} resources wait for each other")
    return now


def critical(needs: Needs, seconds: Seconds) -> float:
    """The longest chain of resources of which each needs the one before: nothing can be faster."""
    return makespan(needs, seconds, max(1, len(needs)))


def stages_of(resources: Sequence[Mapping[str, Any]], needs: Needs) -> dict[str, int]:
    """Which of the four phases each resource would be in, if phases came one after the other.

    0 is what is there before them: the cluster. A resource of another phase of the program is in the first of the four
    that comes after all it needs.
    """
    by_urn = {one["urn"]: one for one in resources}
    found: dict[str, int] = {}

    def stage(urn: str) -> int:
        if urn not in found:
            found[urn] = max((_declared(by_urn, urn), *(stage(one) for one in needs[urn])))
        return found[urn]

    return {urn: stage(urn) for urn in needs}


def _declared(resources: Mapping[str, Mapping[str, Any]], urn: str) -> int:
    """By the name of its phase: `cluster` is 0, `phase2-identity` 2, any other phase 1."""
    one: Mapping[str, Any] | None = resources[urn]
    while one is not None and one["type"] != PHASE_TYPE:
        one = resources.get(one.get("parent", ""))
    name = one["urn"].rpartition("::")[2] if one else "cluster"
    number = name.partition("-")[0].removeprefix("phase")
    return int(number) if number.isdigit() else int(name != "cluster")


def in_stages(needs: Needs, seconds: Seconds, stages: Mapping[str, int], interval: float) -> float:
    """Until the last resource is made, when a stage begins with the first interval after the one before it was ready.

    Within a stage as many as can be are made at once. The first intervals begin when stage 0 is ready.
    """
    began = end = 0.0
    for stage in sorted(set(stages.values())):
        members = {one: [need for need in before if stages[need] == stage] for one, before in needs.items()}
        inside = {one: before for one, before in members.items() if stages[one] == stage}
        if stage > 1:
            end = began + math.ceil((end - began) / interval) * interval
        end += critical(inside, seconds)
        began = began or end
    return end
