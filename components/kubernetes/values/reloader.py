"""Values of the Reloader chart 2.2.16."""

from typing import Any

from lib.kubernetes import resources

METRICS_PORT = 9090
"""Of its pod; fixed by the chart."""


def values() -> dict[str, Any]:
    """Values of the release, with what its defaults lack for the restricted Pod Security Standard."""
    return {
        "reloader": {
            # Only workloads that ask for it, by annotation of their metadata.
            "autoReloadAll": False,
            "watchGlobally": True,
            # The default adds environment variables, which the next upgrade of the workload's chart would remove.
            "reloadStrategy": "annotations",
            # Gates are Jobs of this program; running one again is its business.
            "ignoreJobs": True,
            "ignoreCronJobs": True,
            "readOnlyRootFileSystem": True,
            "deployment": {
                "containerSecurityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "resources": resources("20m", "256Mi"),
            },
        }
    }
