"""Kubernetes objects of a program: what they are and the pods they run."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from invariants.view import Path, Program, R, Resource, walk

RELEASE = "kubernetes:helm.sh/v3:Release"


class ObjectKey(NamedTuple):
    """What the API server tells objects apart by; the namespace is empty for a cluster-scoped kind."""

    group: str
    kind: str
    namespace: str
    name: str


def releases(program: Program[R]) -> list[R]:
    return program.of_type(RELEASE)


def objects(program: Program[R]) -> list[R]:
    """Kubernetes objects that the program creates itself (not those of charts, and not those it only reads)."""
    return [
        one for one in program.custom if one.type.startswith("kubernetes:") and one.type != RELEASE and one.read is None
    ]


def key_of(resource: Resource) -> ObjectKey:
    group, _, _ = str(resource.get("apiVersion")).rpartition("/")
    metadata = resource.get("metadata")
    return ObjectKey(group, resource.get("kind"), metadata.get("namespace", ""), metadata["name"])


def namespace_of(resource: Resource) -> Any:
    """Where an object or the objects of a release go: a name, or what a preview does not know."""
    if resource.type == RELEASE:
        return resource.get("namespace")
    return key_of(resource).namespace


def of_kind(program: Program[R], kind: str) -> list[R]:
    return [one for one in objects(program) if one.get("kind") == kind]


_POD_TEMPLATE: Mapping[str, Path] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def pod_of(resource: Resource) -> dict[str, Any] | None:
    """The spec of the pods of a workload; None of anything else."""
    path = _POD_TEMPLATE.get(str(resource.get("kind"))) if resource.type.startswith("kubernetes:") else None
    found: dict[str, Any] | None = resource.get(*path) if path and resource.read is None else None
    return found


def pods(program: Program[R]) -> Iterator[tuple[R, dict[str, Any]]]:
    """Every workload of the program with the spec of its pods."""
    for one in objects(program):
        if (pod := pod_of(one)) is not None:
            yield one, pod


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def images_of(resource: Resource) -> Iterator[str]:
    """Every image that a workload or the values of a chart name."""
    for container in containers(pod_of(resource) or {}):
        if isinstance(image := container.get("image"), str):
            yield image
    for path, value in walk(resource.get("values")) if resource.type == RELEASE else ():
        if path and path[-1] in ("image", "repository", "registry") and isinstance(value, str):
            yield value


def images(program: Program[R]) -> Iterator[tuple[R, str]]:
    """Every image that the program names."""
    for one in (*objects(program), *releases(program)):
        for image in images_of(one):
            yield one, image
