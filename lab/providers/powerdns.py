"""The simulated PowerDNS: its API, with the key that its pods were given."""

from __future__ import annotations

from typing import Final

from doubles.loopback import Reply, Request
from doubles.powerdns.server import HELD, PowerDns
from lab.providers import kept
from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import Backend
from lab.providers.kubernetes.pods import mounted_files, pod_template

WORKLOAD: Final = "powerdns"
ZONES: Final = "powerdns/zones"
"""Table of the world: workload -> what its database holds."""
_KEY: Final = "api-key="


def respond(cluster: Cluster, workload: Backend, request: Request) -> Reply:
    """The answer to a request."""
    double = PowerDns(key=_key(cluster, workload), **kept.load(cluster, ZONES, workload))
    reply = double.respond(request)
    kept.save(cluster, ZONES, workload, double, HELD)
    return reply


def _key(cluster: Cluster, workload: Backend) -> str:
    """What the files of its container say."""
    deployment = cluster.look("apps/Deployment", workload.namespace, workload.name) or {}
    spec = pod_template(deployment)["spec"]
    volumes = {one["name"]: one for one in spec["volumes"]}
    files = mounted_files(cluster, workload.namespace, volumes, spec["containers"][0]["volumeMounts"])
    lines = [line for path, text in files.items() if path.endswith(".conf") for line in text.splitlines()]
    return next((line.removeprefix(_KEY) for line in lines if line.startswith(_KEY)), "")
