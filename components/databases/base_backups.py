"""Base backups of Postgres on a schedule: with the log behind each, every moment since the oldest can be restored."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from components.databases.archive import PLUGIN
from components.databases.postgres_spec import API_VERSION
from lib.names import POSTGRES_CLUSTER


@dataclass(frozen=True, kw_only=True)
class BaseBackupsArgs:
    """When, in five fields of cron, and of which Cluster (its ready resource)."""

    schedule: str
    namespace: pulumi.Input[str]
    cluster: pulumi.Resource


def base_backups(name: str, args: BaseBackupsArgs, opts: pulumi.ResourceOptions) -> k8s.apiextensions.CustomResource:
    """Creates `<name>`: the ScheduledBackup, which makes one at once. Its schedule begins with the seconds
    (CloudNativePG, docs/src/backup.md). Backups that it made outlive it: what they say of the bucket stays true.
    """
    return custom_resource(
        name,
        CustomResourceArgs(
            api_version=API_VERSION,
            kind="ScheduledBackup",
            name=POSTGRES_CLUSTER,
            namespace=args.namespace,
            spec={
                "schedule": f"0 {args.schedule}",
                "immediate": True,
                "backupOwnerReference": "none",
                "cluster": {"name": value_after(args.cluster, POSTGRES_CLUSTER)},
                "method": "plugin",
                "pluginConfiguration": {"name": PLUGIN},
            },
            wait_for=None,
        ),
        opts,
    )
