"""Waits until objects of the cluster are there and have reached a condition.

Environment: OBJECTS, separated by commas, each the path of an object in the API and a condition type that its status
must show as True, such as `/api/v1/nodes/worker0=Ready`, or `address:` and one that the load balancer of a Service must
have given it; SECONDS (scripts/gate.py). Runs in a pod whose ServiceAccount
may get these objects.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts import gate
from scripts.cluster_api import ClusterApi

_ADDRESS = "address:"


def problem(found: dict[str, Any] | None, wanted: str) -> str | None:
    """None once the condition `wanted` is True, else why not."""
    if found is None:
        return "does not exist"
    if wanted.startswith(_ADDRESS):
        return _elsewhere(found, wanted.removeprefix(_ADDRESS))
    conditions = {one["type"]: one for one in found.get("status", {}).get("conditions", [])}
    if wanted not in conditions:
        return f"has no condition {wanted} yet"
    condition = conditions[wanted]
    if condition["status"] == "True":
        return None
    return f"{wanted} is {condition['status']}: {condition.get('message') or condition.get('reason') or 'no reason'}"


def _elsewhere(service: dict[str, Any], wanted: str) -> str | None:
    given = [one.get("ip", "") for one in service.get("status", {}).get("loadBalancer", {}).get("ingress") or []]
    if wanted in given:
        return None
    if not given:
        return "has no address: no load balancer of the cluster serves it"
    return f"has {', '.join(given)}, and network.loadBalancers of the stack file says {wanted}"


def main(environment: Mapping[str, str], account: Path | None = None) -> int:
    """Exit code of the probe."""
    cluster = ClusterApi(environment, account)
    waiting = environment["OBJECTS"].split(",")

    def missing() -> str:
        nonlocal waiting
        reasons = {one: reason for one in waiting if (reason := _unmet(cluster, one)) is not None}
        waiting = list(reasons)
        return "\n".join(f"{one.partition('=')[0]}: {reason}" for one, reason in reasons.items())

    return gate.wait(missing, f"All there: {environment['OBJECTS']}")


def _unmet(cluster: ClusterApi, wanted: str) -> str | None:
    path, _, condition = wanted.partition("=")
    try:
        return problem(cluster.get(path), condition)
    except OSError as error:
        return f"cannot be read: {error}"


if __name__ == "__main__":
    sys.exit(main(os.environ))
