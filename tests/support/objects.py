"""Kubernetes objects in a recording: what they are and the pods they run."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.support.recording import Recorded, Recording
from tests.support.wire import Path, walk

RELEASE = "kubernetes:helm.sh/v3:Release"


class ObjectKey(NamedTuple):
    """What the API server tells objects apart by; the namespace is empty for a cluster-scoped kind."""

    group: str
    kind: str
    namespace: str
    name: str


def releases(recording: Recording) -> list[Recorded]:
    return recording.of_type(RELEASE)


def objects(recording: Recording) -> list[Recorded]:
    """Kubernetes objects that the program creates itself (not those of charts, and not those it only reads)."""
    return [
        one
        for one in recording.custom
        if one.type.startswith("kubernetes:") and one.type != RELEASE and one.read is None
    ]


def key_of(resource: Recorded) -> ObjectKey:
    group, _, _ = str(resource.get("apiVersion")).rpartition("/")
    metadata = resource.get("metadata")
    return ObjectKey(group, resource.get("kind"), metadata.get("namespace", ""), metadata["name"])


def namespace_of(resource: Recorded) -> str:
    """Where an object or the objects of a release go."""
    if resource.type == RELEASE:
        return str(resource.get("namespace"))
    return key_of(resource).namespace


def of_kind(recording: Recording, kind: str) -> list[Recorded]:
    return [one for one in objects(recording) if one.get("kind") == kind]


_POD_TEMPLATE: Mapping[str, Path] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}


def pods(recording: Recording) -> Iterator[tuple[Recorded, dict[str, Any]]]:
    """Every workload of the program with the spec of its pods."""
    for one in objects(recording):
        if one.get("kind") in _POD_TEMPLATE:
            yield one, one.get(*_POD_TEMPLATE[one.get("kind")])


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


def environment(job: Recorded) -> dict[str, Any]:
    """Variables of the container of a Job: each value, or where it comes from."""
    entries = job.get("spec", "template", "spec", "containers", 0, "env")
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in entries}


def images(recording: Recording) -> Iterator[tuple[Recorded, str]]:
    """Every image that a workload of the program or the values of a chart name."""
    for one, pod in pods(recording):
        for container in containers(pod):
            yield one, container["image"]
    for one in releases(recording):
        for path, value in walk(one.get("values")):
            if path and path[-1] in ("image", "repository", "registry") and isinstance(value, str):
                yield one, value
