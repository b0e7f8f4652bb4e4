"""Values of the Valkey chart 0.11.0 (the official one): one instance, users by access control list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from lib.kubernetes import RELOADER_AUTO, release_labels, resources, restricted_container
from lib.names import VALKEY_PORT

METRICS_PORT = 9121
"""Of the exporter beside Valkey."""
LABELS: Mapping[str, str] = release_labels("valkey", "valkey")
"""Of the pod (valkey.selectorLabels of the chart), for a release of this name."""

# Queues of accepted work live here, so every write is logged, and a power cut costs a second of them. Eviction takes
# only what has a time to live, the least used first: caches and sessions have one, queues have none.
_CONFIG = """appendonly yes
appendfsync everysec
save ""
maxmemory 160mb
maxmemory-policy volatile-lru
"""
_PROBE_SECONDS = 5
"""Of each probe: a busy node does not start valkey-cli within the chart's one second."""
_USERS_DIRECTORY = "/users"
_MEMORY = "384Mi"
"""Above `maxmemory`: rewriting the log forks the process, and every page written meanwhile is there twice."""


@dataclass(frozen=True, kw_only=True)
class ValkeyValues:
    """Inputs of the values.

    Attributes:
        users: Permissions of each user; `default` is mandatory in this chart.
        users_secret: Secret with each user's password under the user's name.
        monitored: Whether to run the exporter of metrics.
    """

    users: Mapping[str, str]
    users_secret: pulumi.Input[str]
    storage_class: pulumi.Input[str]
    size: str
    monitored: bool


def values(args: ValkeyValues) -> dict[str, Any]:
    """Values of the release. One replica on one volume, so the old pod must go before the new one comes; there is no
    disruption budget, which for one replica would only keep its node from being drained.
    """
    return {
        "deploymentStrategy": "Recreate",
        "workloadAnnotations": dict(RELOADER_AUTO),
        "service": {"port": VALKEY_PORT},
        "auth": {
            "enabled": True,
            "usersExistingSecret": args.users_secret,
            "aclUsers": {user: {"permissions": permissions} for user, permissions in args.users.items()},
        },
        "extraValkeySecrets": [{"name": args.users_secret, "mountPath": _USERS_DIRECTORY}],
        "valkeyConfig": _CONFIG,
        "dataStorage": {"enabled": True, "requestedSize": args.size, "className": args.storage_class},
        # While the log is replayed it answers only now and then.
        "startupProbe": _probe(failureThreshold=30),
        # Any answer is a sign of life. The chart's own command gets one for every state, since it does not log in.
        "livenessProbe": {"enabled": True, "timeoutSeconds": _PROBE_SECONDS},
        "readinessProbe": _probe(),
        "resources": resources("20m", _MEMORY),
        "initResources": resources("10m", "32Mi"),
        "metrics": _metrics(args.monitored),
    }


def _probe(**more: int) -> dict[str, Any]:
    """Succeeds once Valkey serves. `valkey-cli ping` exits with 0 whatever the answer is, such as NOAUTH or LOADING."""
    password = f'REDISCLI_AUTH="$(cat {_USERS_DIRECTORY}/default)"'
    command = ["sh", "-c", f"{password} valkey-cli ping | grep -qx PONG"]
    timing = {"periodSeconds": 10, "timeoutSeconds": _PROBE_SECONDS, **more}
    return {"enabled": True, "customProbe": {"exec": {"command": command}, **timing}}


def _metrics(monitored: bool) -> dict[str, Any]:
    """The exporter logs in as `default`: the chart gives it no other password."""
    return {
        "enabled": monitored,
        "exporter": {
            "port": METRICS_PORT,
            "resources": resources("10m", "64Mi"),
            "securityContext": {**restricted_container(), "runAsNonRoot": True},
        },
    }
