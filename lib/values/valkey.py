"""Values of the Valkey chart 0.11.0 (the official one): one instance, users by access control list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.kubernetes import RELOADER_AUTO, resources


@dataclass(frozen=True, kw_only=True)
class ValkeyValues:
    """Inputs of the values.

    Attributes:
        users: Permissions of each user; `default` is mandatory in this chart.
        users_secret: Secret with each user's password under the user's name.
    """

    users: Mapping[str, str]
    users_secret: Any
    storage_class: Any
    size: str


def values(args: ValkeyValues) -> dict[str, Any]:
    """Values of the release. One replica on one volume, so the old pod must go before the new one comes."""
    return {
        "deploymentStrategy": "Recreate",
        "workloadAnnotations": dict(RELOADER_AUTO),
        "auth": {
            "enabled": True,
            "usersExistingSecret": args.users_secret,
            "aclUsers": {user: {"permissions": permissions} for user, permissions in args.users.items()},
        },
        "dataStorage": {"enabled": True, "requestedSize": args.size, "className": args.storage_class},
        "readinessProbe": {"enabled": True},
        "resources": resources("20m", "256Mi"),
        "initResources": resources("10m", "32Mi"),
    }
