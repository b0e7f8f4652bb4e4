"""Kubernetes objects in a recording: what they are and the pods they run."""

from typing import Any

from invariants.objects import (
    RELEASE,
    ObjectKey,
    containers,
    images,
    key_of,
    namespace_of,
    objects,
    of_kind,
    pods,
    releases,
)
from tests.support.recording import Recorded

__all__ = [
    "RELEASE",
    "ObjectKey",
    "containers",
    "environment",
    "images",
    "key_of",
    "namespace_of",
    "objects",
    "of_kind",
    "pods",
    "releases",
]


def environment(job: Recorded) -> dict[str, Any]:
    """Variables of the container of a Job: each value, or where it comes from."""
    entries = job.get("spec", "template", "spec", "containers", 0, "env")
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in entries}
