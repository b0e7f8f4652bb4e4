"""Whether an object of the cluster is ready, by what its own status says."""

from collections.abc import Mapping
from typing import Any

_CONDITIONS = ("Ready", "Available")
"""What custom resources say of themselves (External Secrets, cert-manager, CloudNativePG, Flux: their definitions)."""


def problem(found: Mapping[str, Any]) -> str:
    """Why it is not ready, in its own words; empty when it is, or when objects of its kind say nothing."""
    kind, spec, status = found.get("kind", ""), found.get("spec") or {}, found.get("status") or {}
    if kind == "Job":
        return _job(status)
    if kind in ("Deployment", "StatefulSet"):
        return _replicas(int(spec.get("replicas", 1)), int(status.get("readyReplicas") or 0))
    if kind == "DaemonSet":
        return _replicas(int(status.get("desiredNumberScheduled") or 0), int(status.get("numberReady") or 0))
    if kind == "Service":
        waits = spec.get("type") == "LoadBalancer" and not (status.get("loadBalancer") or {}).get("ingress")
        return "no load balancer gave it an address" if waits else ""
    return _conditions(status)


def _job(status: Mapping[str, Any]) -> str:
    conditions = {one["type"]: one for one in status.get("conditions") or () if one["status"] == "True"}
    if "Failed" in conditions:
        return _words(conditions["Failed"])
    done = "Complete" in conditions or status.get("succeeded")
    return "" if done else "it still runs"


def _replicas(wanted: int, ready: int) -> str:
    return "" if ready >= wanted else f"{ready} of {wanted} pods are ready"


def _conditions(status: Mapping[str, Any]) -> str:
    said = [one for one in status.get("conditions") or () if one["type"] in _CONDITIONS]
    return next((_words(one) for one in said if one["status"] != "True"), "")


def _words(condition: Mapping[str, Any]) -> str:
    text = condition.get("message") or condition.get("reason") or f"{condition['type']} is {condition['status']}"
    return " ".join(str(text).split())
