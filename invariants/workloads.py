"""Invariants of workloads that the program makes itself, and of what the values of charts name."""

import re
from collections.abc import Iterator
from typing import Any

from invariants import pod_security
from invariants.invariant import Violation, invariant, of_each
from invariants.objects import RELEASE, containers, images_of, key_of, namespace_of, of_kind, pod_of, pods
from invariants.view import Program, Resource, known, walk

_PINNED = re.compile(r".+:v?\d+(\.\d+)+[\w.-]*(@sha256:[0-9a-f]{64})?|.+@sha256:[0-9a-f]{64}")
_RUNNING = ("Deployment", "StatefulSet", "DaemonSet")
SYSTEM = "kube-system"
DISPOSABLE = frozenset({"gitea-runner"})
"""Workloads whose volumes go with them, since they hold what can be fetched again: work directories and caches."""


@of_each("image-pinned", "Every image that is named is pinned to a release or a digest.")
def image_pinned(one: Resource) -> Iterator[Violation]:
    """A tag such as latest is another image tomorrow, and a node that restarts runs what nobody has tried."""
    for image in images_of(one):
        if "/" in image and ":" in image and not _PINNED.fullmatch(image):
            yield Violation(one.urn, f"image {image}", "name a release, or a digest behind @")


@of_each("image-maintained", "No image comes from Bitnami.")
def image_maintained(one: Resource) -> Iterator[Violation]:
    """Its free images are gone: a node that has to pull one stays without its pod."""
    texts = [value for _, value in walk(one.get("values")) if isinstance(value, str)] if one.type == RELEASE else []
    for text in (*texts, *images_of(one)):
        if "bitnami" in text.lower():
            yield Violation(one.urn, text, "take the image of the project itself")


@of_each("container-bounded", "Every container requests CPU and memory, is bounded in memory, and not in CPU.")
def container_bounded(one: Resource) -> Iterator[Violation]:
    """A pod without a limit of memory takes its node down; one with a limit of CPU waits on an idle node."""
    for container in containers(pod_of(one) or {}):
        resources = container.get("resources") or {}
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        lacking = [f"{part}.{name}" for part, name in wanted if name not in (resources.get(part) or {})]
        if lacking:
            yield Violation(one.urn, f"container {container['name']} has no {', '.join(lacking)}", "set resources")
        if "cpu" in (resources.get("limits") or {}):
            yield Violation(one.urn, f"container {container['name']} has limits.cpu", "remove it")


@of_each("workload-probed", "Every container that keeps running has a readiness probe.")
def workload_probed(one: Resource) -> Iterator[Violation]:
    """Without one it counts as ready before it answers, and what waits for it comes too early."""
    for container in (pod_of(one) or {}).get("containers") or () if one.get("kind") in _RUNNING else ():
        if "readinessProbe" not in container:
            yield Violation(one.urn, f"container {container['name']} has no readinessProbe", "add one")


@of_each("job-ends", "Every Job has a deadline, and the engine waits longer than that.")
def job_ends(one: Resource) -> Iterator[Violation]:
    """A gate that never gives up tells nobody what is wrong, and one that is given up first has not said it yet."""
    if not one.type.startswith("kubernetes:batch/") or one.get("kind") != "Job":
        return
    deadline, patience = one.get("spec", "activeDeadlineSeconds"), one.timeouts.get("create", "")
    if not deadline:
        yield Violation(one.urn, "has no activeDeadlineSeconds", "set it")
    elif patience and known(deadline) and seconds(patience) <= deadline:
        yield Violation(one.urn, f"is given up after {patience}, its deadline is {deadline} s", "wait longer")


def seconds(duration: str) -> float:
    """Of a duration as Go writes it, such as 10m0s."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([hms])", duration))


@of_each("old-pod-first", "A Deployment with a volume stops the old pod before it starts the new one.")
def old_pod_first(one: Resource) -> Iterator[Violation]:
    """A volume of one writer is not mounted twice: the new pod would wait for the old one, which waits for it."""
    volumes = (pod_of(one) or {}).get("volumes") or () if one.get("kind") == "Deployment" else ()
    claimed = any("persistentVolumeClaim" in volume for volume in volumes)
    how = one.get("spec", "strategy", "type")
    if claimed and known(how) and how != "Recreate":
        yield Violation(one.urn, "rolls with a claim among its volumes", "set strategy.type to Recreate")


@of_each("claims-stay", "No workload takes its volumes away with it.")
def claims_stay(one: Resource) -> Iterator[Violation]:
    """A service that is switched off, or replaced, comes back with its data."""
    lasting = one.get("kind") == "StatefulSet" and key_of(one).name not in DISPOSABLE
    policy = one.get("spec", "persistentVolumeClaimRetentionPolicy") if lasting else None
    found = [("persistentVolumeClaimRetentionPolicy", policy)] if policy else []
    for path, value in walk(one.get("values")) if one.type == RELEASE else ():
        if path[-1:] in (("whenDeleted",), ("whenScaled",)):
            found.append((".".join(map(str, path)), value))
    for place, value in found:
        if "Delete" in (value.values() if isinstance(value, dict) else (value,)):
            yield Violation(one.urn, f"{place} deletes claims", "write Retain")


def _levels(program: Program[Any]) -> dict[str, Any]:
    made = of_kind(program, "Namespace")
    return {key_of(one).name: one.get("metadata", "labels", pod_security.LABEL) for one in made}


@invariant("namespace-enforces", "Every namespace enforces a Pod Security standard.")
def namespace_enforces(program: Program[Any]) -> Iterator[Violation]:
    """Without a label the default of the API server holds, which another cluster has otherwise."""
    for one in of_kind(program, "Namespace"):
        level = one.get("metadata", "labels", pod_security.LABEL)
        if known(level) and level not in ("restricted", "baseline", "privileged"):
            yield Violation(one.urn, f"enforces {level}", f"label it {pod_security.LABEL}: restricted")


@invariant("pod-admitted", "Every pod meets the standard of its namespace, in kube-system the restricted one.")
def pod_admitted(program: Program[Any]) -> Iterator[Violation]:
    """Admission refuses the pod, and its Job or Deployment waits for ever. In kube-system nothing is enforced."""
    levels = {SYSTEM: "restricted", **_levels(program)}
    for one, pod in pods(program):
        level = levels.get(namespace_of(one), "baseline")
        whole = known(level, namespace_of(one), *(value for _, value in walk(pod.get("securityContext") or {})))
        for violation in pod_security.violations(pod, level) if whole else ():
            yield Violation(one.urn, violation, f"keep {level}, or give the namespace another level with its reason")


@invariant("namespace-closed", "Every namespace refuses connections that no NetworkPolicy allows.")
def namespace_closed(program: Program[Any]) -> Iterator[Violation]:
    """What is not named may not connect: a taken-over pod elsewhere reaches nothing here."""
    shut = {
        key_of(one).namespace
        for one in of_kind(program, "NetworkPolicy")
        if one.get("spec", "podSelector") == {} and "Ingress" in (one.get("spec", "policyTypes") or ())
    }
    for one in of_kind(program, "Namespace"):
        if known(key_of(one).name, *shut) and key_of(one).name not in shut:
            yield Violation(one.urn, "has no NetworkPolicy for all of its pods", "add one with policyTypes Ingress")


ALL = (
    image_pinned,
    image_maintained,
    container_bounded,
    workload_probed,
    job_ends,
    old_pod_first,
    claims_stay,
    namespace_enforces,
    pod_admitted,
    namespace_closed,
)
