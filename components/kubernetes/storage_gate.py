"""The gate of storage: a volume that is really provisioned, mounted, written and read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.script_job import ScriptJob, ScriptJobArgs
from lib.names import SystemNamespace
from lib.pod_scripts import script

_MOUNT = "/volume"
_MEBIBYTES = 64
WAIT_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class StorageGateArgs:
    """Which storage.

    Attributes:
        storage_class: StorageClass of the volume, best one that deletes volumes with their claims.
        size: Size of the volume, as a Kubernetes quantity; more than 64Mi.
        after: A network for pods, where the StorageClass does not bring it.
        proves: As in ScriptJobArgs; nothing where the storage is not this program's.
    """

    storage_class: pulumi.Input[str]
    size: str
    after: Sequence[pulumi.Resource] = field(default_factory=tuple)
    proves: Sequence[pulumi.Input[str]] = field(default_factory=tuple)


class StorageGate(pulumi.ComponentResource):
    """Creates `<name>`: a ScriptJob in kube-system with an ephemeral volume, which lives as long as the Job.

    Attributes:
        ready: Volumes can be used.
    """

    ready: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: StorageGateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:kubernetes/storage_gate:StorageGate", name, None, opts)
        gate = ScriptJob(
            name,
            ScriptJobArgs(
                namespace=SystemNamespace.KUBE_SYSTEM,
                source=script("storage"),
                runbook="storage.md#a-volume-cannot-be-used",
                environment={"VOLUME": _MOUNT, "MEBIBYTES": str(_MEBIBYTES)},
                volumes=[(_volume(args), {"name": "data", "mountPath": _MOUNT})],
                after=args.after,
                proves=args.proves,
                seconds=WAIT_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.ready = (gate.job,)
        self.register_outputs({})


def _volume(args: StorageGateArgs) -> dict[str, Any]:
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": args.storage_class,
        "resources": {"requests": {"storage": args.size}},
    }
    return {"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": claim}}}
