"""The backup of a volume: restic beside what writes to it, on a schedule (docs/adr/0056-volumes-by-restic.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.backup.secrets import ACCESS_KEY, PAIR, PASSWORD, PASSWORD_FIELD
from components.backup.target import Part, Target
from components.backup.volume_network import VolumeNetworkArgs, labels, volume_network
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from components.script_job import ScriptJobArgs, script_pod
from declarations.volumes import MEMORY, Volume
from lib.images import RESTIC
from lib.kubernetes import (
    HOSTNAME,
    account_subject,
    digest,
    resources,
    restricted_container,
    restricted_pod,
    role_reference,
)
from lib.pod_scripts import script

DATA, PROGRAM = "/data", "/restic"
"""Where the volume is mounted, and restic."""
_HOURS = 6
_STOP_SECONDS = 300
_VARIABLES = {**{field: f"AWS_{field.replace('-', '_').upper()}" for field in PAIR}, PASSWORD_FIELD: "RESTIC_PASSWORD"}


@dataclass(frozen=True, kw_only=True)
class VolumeBackupArgs:
    """What is backed up, to where, and when.

    Attributes:
        namespace: Where claim and workload are.
        schedule: In five fields of cron, in UTC.
        retention_days: For how long.
        cilium: Whether the network is Cilium, which can tell the API server from everything else.
    """

    volume: Volume
    target: Target
    namespace: Namespace
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]
    schedule: str
    retention_days: int
    cilium: bool


class VolumeBackup(pulumi.ComponentResource):
    """Creates:

    - `<name>-secret`: ExternalSecret `volume-<volume>`, key pair of the target and password of the repository.
    - `<name>-account`, `<name>-role`, `<name>-binding`: who may stop that one workload, and look at pods.
    - `<name>-script`: ConfigMap with the script and its modules.
    - `<name>-egress`, and with Cilium `<name>-api`: what its pods may reach (volume_network.py).
    - `<name>`: the CronJob. A restore is a Job of its template, which mounts the volume to be written
      (tools/backups/volumes.py). Nothing runs while it is made: on a cluster that is made anew, an empty volume would
      become the newest backup.
    """

    def __init__(self, name: str, args: VolumeBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:backup/volumes:VolumeBackup", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        access, password = args.secrets[ACCESS_KEY], args.secrets[PASSWORD]
        keys = [SecretKey(_VARIABLES[field], access, field) for field in PAIR]
        keys.append(SecretKey(_VARIABLES[PASSWORD_FIELD], password, PASSWORD_FIELD))
        secret = ExternalSecret(
            f"{name}-secret",
            ExternalSecretArgs(
                namespace=args.namespace, secret_name=args.volume.backup, keys=keys, store_ready=args.store_ready
            ),
            child,
        ).secret_name
        run = ScriptJobArgs(
            namespace=args.namespace.namespace,
            source=script("volumes"),
            runbook="volumes.md#diagnose",
            environment=_environment(args.volume, args.target, args.retention_days),
            secrets={variable: (secret, variable) for variable in _VARIABLES.values()},
            service_account=_account(name, args, child),
            seconds=_STOP_SECONDS,
            round_seconds=0,
        )
        config = k8s.core.v1.ConfigMap(
            f"{name}-script",
            metadata={"name": f"{args.volume.backup}-script", "namespace": run.namespace},
            data=run.files,
            opts=child,
        )
        spec = _schedule(args.schedule, args.volume, run, config.metadata.name)
        network = VolumeNetworkArgs(
            volume=args.volume, target=args.target, namespace=args.namespace.namespace, cilium=args.cilium
        )
        volume_network(name, network, child)
        k8s.batch.v1.CronJob(
            name, metadata={"name": args.volume.backup, "namespace": run.namespace}, spec=spec, opts=child
        )
        self.register_outputs({})


def repository(name: str, where: Target) -> str:
    """As restic names it: one for each volume, so that each is restored and locked alone."""
    return f"s3:{where.endpoint}/{where.bucket}/{where.path(Part.VOLUMES)}/{name}"


def _environment(volume: Volume, where: Target, days: int) -> Mapping[str, pulumi.Input[str]]:
    return {
        "ACTION": "backup",
        "DATA": DATA,
        "NAMESPACE": volume.namespace,
        "WORKLOAD": f"{volume.kind}/{volume.workload}",
        "REPLICAS": "1",
        **({"QUIESCE": "true"} if volume.quiesce else {}),
        "KEEP_DAYS": str(days),
        "RESTIC": f"{PROGRAM}/restic",
        "RESTIC_REPOSITORY": repository(volume.name, where),
        "RESTIC_CACHE_DIR": "/cache",
        "AWS_DEFAULT_REGION": where.region,
        "TMPDIR": "/cache",
    }


def _schedule(schedule: str, volume: Volume, run: ScriptJobArgs, config_map: pulumi.Input[str]) -> Any:
    annotations = {"home-cluster/script": digest(*run.files.values())}
    template = {"metadata": {"annotations": annotations, "labels": labels(volume)}}
    return {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        # Later than that it would meet the next one; a controller that was away makes one up to then.
        "startingDeadlineSeconds": _HOURS * 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 1,
                "activeDeadlineSeconds": _HOURS * 3600,
                "template": {**template, "spec": _pod(volume, script_pod(run, config_map))},
            }
        },
    }


def _pod(volume: Volume, pod: dict[str, Any]) -> dict[str, Any]:
    """The pod of a script, beside the workload and as its user, with restic and the volume."""
    data = {"name": "data", "mountPath": DATA, "readOnly": True}
    cache, program = {"name": "cache", "mountPath": "/cache"}, {"name": "restic", "mountPath": PROGRAM}
    [container] = pod["containers"]
    mounts = [*container["volumeMounts"], data, cache, {**program, "readOnly": True}]
    same_node = {"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": dict(volume.labels)}}
    return {
        **pod,
        # A volume of one node is mounted by a second pod there, and nowhere else.
        "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [same_node]}},
        "securityContext": {**restricted_pod(volume.user), "fsGroupChangePolicy": "OnRootMismatch"},
        "initContainers": [
            {
                "name": "restic",
                "image": RESTIC,
                "command": ["cp", "/usr/bin/restic", f"{PROGRAM}/restic"],
                "resources": resources("10m", "64Mi"),
                "securityContext": restricted_container(),
                "volumeMounts": [program],
            }
        ],
        "containers": [{**container, "resources": resources("50m", MEMORY), "volumeMounts": mounts}],
        "volumes": [
            *pod["volumes"],
            {"name": "data", "persistentVolumeClaim": {"claimName": volume.claim}},
            {"name": "cache", "emptyDir": {"sizeLimit": "4Gi"}},
            {"name": "restic", "emptyDir": {"sizeLimit": "128Mi"}},
        ],
    }


def _account(name: str, args: VolumeBackupArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Name of a ServiceAccount that may stop the workload and start it again, and see whether its pods are gone."""
    volume, namespace = args.volume, args.namespace.namespace
    metadata: Any = {"name": volume.backup, "namespace": namespace}
    account = k8s.core.v1.ServiceAccount(
        f"{name}-account", metadata=metadata, automount_service_account_token=False, opts=opts
    )
    scale: Any = {
        "api_groups": ["apps"],
        "resources": [f"{volume.kind}/scale"],
        "resource_names": [volume.workload],
        "verbs": ["get", "patch"],
    }
    role = k8s.rbac.v1.Role(
        f"{name}-role",
        metadata=metadata,
        rules=[
            scale,
            {"api_groups": [""], "resources": ["pods"], "verbs": ["list"]},
        ],
        opts=opts,
    )
    binding = k8s.rbac.v1.RoleBinding(
        f"{name}-binding",
        metadata=metadata,
        role_ref=role_reference("Role", role.metadata.name),
        subjects=[account_subject(account.metadata.name, namespace)],
        opts=opts,
    )
    return binding.metadata.name  # that of the account, once it may
