"""Values of the Proxmox CSI chart 0.5.9, and the configuration of its plugin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from lib.kubernetes import RELOADER_AUTO, resources

CONFIG_KEY = "config.yaml"
METRICS_PORT = 8080
"""Of the controller, the default of the chart."""
_DEFAULT_CLASS = {"storageclass.kubernetes.io/is-default-class": "true"}


@dataclass(frozen=True, kw_only=True)
class ProxmoxCsiValues:
    """Inputs of the values.

    Attributes:
        config_secret: Secret with the plugin's configuration under `config.yaml`.
        class_name: Name of the default StorageClass.
        scratch_class_name: Name of a StorageClass that differs from it only in that volumes go with their claims.
        datastore: Proxmox storage that holds the volumes.
        monitored: Whether the controller serves metrics.
        tolerated: Keys of taints of nodes whose pods have volumes, too.
    """

    config_secret: pulumi.Input[str]
    class_name: str
    scratch_class_name: str
    datastore: str
    reclaim_policy: Literal["Retain", "Delete"]
    monitored: bool = False
    tolerated: Sequence[str] = ()


def values(args: ProxmoxCsiValues) -> dict[str, Any]:
    """Values of the release. The node plugin runs where pods with volumes do: on workers, and on control planes that
    carry workloads."""
    sidecar = {"resources": resources("10m", "64Mi")}
    # In place of the chart's list, whose taints every DaemonSet tolerates anyway (kubernetes, pkg/controller/daemon).
    tolerations = [{"key": key, "operator": "Exists"} for key in args.tolerated]
    return {
        "existingConfigSecret": args.config_secret,
        "existingConfigSecretKey": CONFIG_KEY,
        "controller": {
            # The chart has no annotations for the Deployment; Reloader takes those of the pods in their place.
            "podAnnotations": dict(RELOADER_AUTO),
            "plugin": {"resources": resources("10m", "128Mi")},
            "attacher": sidecar,
            "provisioner": sidecar,
            "resizer": sidecar,
        },
        "node": {
            "plugin": {"resources": resources("10m", "128Mi")},
            "driverRegistrar": sidecar,
            **({"tolerations": tolerations} if tolerations else {}),
        },
        "livenessprobe": sidecar,
        **({"metrics": {"enabled": True, "port": METRICS_PORT}} if args.monitored else {}),
        "storageClass": [
            _storage_class(args, args.class_name, args.reclaim_policy) | {"annotations": _DEFAULT_CLASS},
            _storage_class(args, args.scratch_class_name, "Delete"),
        ],
    }


def _storage_class(args: ProxmoxCsiValues, name: str, reclaim_policy: str) -> dict[str, Any]:
    """Volumes are made where their first pod runs: storage of a Proxmox host is reachable from that host alone."""
    return {
        "name": name,
        "storage": args.datastore,
        "reclaimPolicy": reclaim_policy,
        "volumeBindingMode": "WaitForFirstConsumer",
        "fstype": "ext4",
        "ssd": True,
    }


def plugin_config(*, endpoint: str, insecure: bool, region: str, token_id: str, token_secret: str) -> dict[str, Any]:
    """Configuration of the plugin (sergelogvinov/proxmox-csi-plugin v0.19.1, pkg/config and docs/install.md).

    `region` must equal the label topology.kubernetes.io/region of the nodes.
    """
    return {
        "clusters": [
            {
                "url": f"{endpoint.rstrip('/')}/api2/json",
                "insecure": insecure,
                "region": region,
                "token_id": token_id,
                "token_secret": token_secret,
            }
        ]
    }
