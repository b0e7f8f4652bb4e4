"""Small pieces of Kubernetes objects that several components share."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pulumi

RELOADER_AUTO: Mapping[str, str] = {"reloader.stakater.com/auto": "true"}
"""Metadata of a Deployment or StatefulSet that Reloader restarts when a Secret or ConfigMap it uses changes."""

KEEP: Mapping[str, str] = {"helm.sh/resource-policy": "keep"}
"""Annotation of an object that outlives the release which made it (docs/runbooks/crds.md)."""


class PodSecurity(StrEnum):
    """Pod Security Standard that a namespace enforces."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"
    PRIVILEGED = "privileged"


def restricted_pod(uid: int = 65534) -> dict[str, Any]:
    """`securityContext` of a pod that satisfies the restricted standard."""
    return {
        "runAsNonRoot": True,
        "runAsUser": uid,
        "runAsGroup": uid,
        "fsGroup": uid,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def restricted_container() -> dict[str, Any]:
    """`securityContext` of a container that satisfies the restricted standard and writes only to volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def resources(cpu: str, memory: str) -> dict[str, Any]:
    """Requests of CPU and memory, and a limit of memory.

    No CPU limit: throttling an idle node's work helps nobody, while unlimited memory takes the node down.
    """
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def from_secret(variable: str, secret: pulumi.Input[str], key: str) -> dict[str, Any]:
    """Entry of a container's `env`: the variable has the value of a key of a Secret, by its name."""
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def digest(*texts: str) -> str:
    """Short stable fingerprint of texts, for annotations that make a change visible."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def quantity_bytes(quantity: str) -> int:
    """A quantity of memory or storage in bytes, such as 2147483648 for `2Gi`.

    Raises:
        ValueError: its unit is none of Ki, Mi, Gi and Ti.
    """
    shifts = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40}
    unit = quantity[-2:]
    if unit not in shifts:
        raise ValueError(f"{quantity}: has none of the units {', '.join(shifts)}; write it as 512Mi or 2Gi")
    return int(quantity[:-2]) << shifts[unit]


def mebibytes(quantity: str) -> int:
    """The same in MiB, rounded down, such as 2048 for `2Gi`."""
    return quantity_bytes(quantity) >> 20
