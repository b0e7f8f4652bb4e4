"""Backups of Vault: its snapshots, and beside each the key that opens it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as k8s

from components.backup.target import Part, Target
from components.vault.configuration import AUDIENCE
from components.vault.server import SERVER_LABELS
from components.vault.server_config import API_PORT
from components.vault.values import KEYS_SECRET
from lib.images import AGE, RCLONE, VAULT
from lib.kubernetes import resources, restricted_container, restricted_pod
from lib.names import CA_DIRECTORY, VAULT_IN_CLUSTER
from lib.network import pods_of, tcp
from lib.pod_scripts import SCRIPTS

NAME = "vault-backup"
"""Name of the CronJob."""
SNAPSHOT = "vault.snap"
KEYS = "keys"
"""In the archive: the snapshot, and the folder with the keys of the Secret `vault-keys` as they were then."""
LABELS = {"app.kubernetes.io/name": NAME}

_SECONDS = 1800
_TOKEN_SECONDS = 600  # the least that the API server takes
_SCRIPT, _TOKEN, _BUNDLE, _OUT = "/script", "/token", "/bundle", "/out"
_RECIPIENTS = "recipients"
_STEPS = ("vault_snapshot", "backup_encrypt", "backup_upload")
_WRITTEN = ("bundle", "out")


@dataclass(frozen=True, kw_only=True)
class VaultBackupArgs:
    """What is backed up as whom, and where it goes.

    Attributes:
        namespace: That of Vault.
        ca_config_map: ConfigMap with the CA of Vault's certificate.
        account: ServiceAccount that may log in to Vault at `mount` with `role`, to take snapshots.
        access: Secret with the key pair of the target.
        schedule: In cron, UTC.
    """

    namespace: pulumi.Input[str]
    ca_config_map: pulumi.Input[str]
    account: pulumi.Input[str]
    mount: pulumi.Input[str]
    role: pulumi.Input[str]
    target: Target
    access: pulumi.Input[str]
    recipients: Sequence[str]
    schedule: str
    retention_days: int


class VaultBackup(pulumi.ComponentResource):
    """Creates:

    - `<name>-script`: ConfigMap with what the steps run, and the public keys that they encrypt to.
    - `<name>-egress`: NetworkPolicy: the pod reaches names, Vault and the target.
    - `<name>`: CronJob `vault-backup`. Each step is a container that has what it needs and no more: the first a login
      to Vault, the second the keys, the third the way to the target; what that one sends is encrypted. The pod runs in
      Vault's namespace, where the keys are.
    """

    def __init__(self, name: str, args: VaultBackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:backup/vault:VaultBackup", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        texts = {f"{step}.sh": (SCRIPTS / f"{step}.sh").read_text(encoding="utf-8") for step in _STEPS}
        script = k8s.core.v1.ConfigMap(
            f"{name}-script",
            metadata={"name": NAME, "namespace": args.namespace},
            data={**texts, _RECIPIENTS: "".join(f"{recipient}\n" for recipient in args.recipients)},
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-egress",
            metadata={"name": f"{NAME}-egress", "namespace": args.namespace},
            spec=egress(args.target),
            opts=child,
        )
        k8s.batch.v1.CronJob(
            name,
            metadata={"name": NAME, "namespace": args.namespace},
            spec=_schedule(args, script.metadata.name),
            opts=child,
        )
        self.register_outputs({})


def egress(target: Target) -> Any:
    """Spec of the policy. Under Cilium a block of addresses means no pod and no node; a target outside is neither."""
    address = urlsplit(target.endpoint)
    port = address.port or (443 if address.scheme == "https" else 80)
    beyond = [pods_of(one) for one in target.namespaces] or [{"ipBlock": {"cidr": "0.0.0.0/0"}}]
    return {
        "podSelector": {"matchLabels": LABELS},
        "policyTypes": ["Egress"],
        "egress": [
            {"ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]},
            {"to": [{"podSelector": {"matchLabels": SERVER_LABELS}}], "ports": [tcp(API_PORT)]},
            {"to": beyond, "ports": [tcp(port)]},
        ],
    }


def _schedule(args: VaultBackupArgs, script: pulumi.Input[str]) -> Any:
    return {
        "schedule": args.schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {
            "spec": {
                "backoffLimit": 2,
                "activeDeadlineSeconds": _SECONDS,
                "ttlSecondsAfterFinished": 86400,
                "template": {"metadata": {"labels": LABELS}, "spec": _pod(args, script)},
            }
        },
    }


def _pod(args: VaultBackupArgs, script: pulumi.Input[str]) -> Any:
    token = {"serviceAccountToken": {"audience": AUDIENCE, "expirationSeconds": _TOKEN_SECONDS, "path": "token"}}
    return {
        "restartPolicy": "Never",
        "serviceAccountName": args.account,
        "automountServiceAccountToken": False,
        "securityContext": restricted_pod(),
        "initContainers": [_snapshot(args), _encrypt()],
        "containers": [_upload(args)],
        "volumes": [
            {"name": "script", "configMap": {"name": script}},
            {"name": "ca", "configMap": {"name": args.ca_config_map}},
            {"name": "token", "projected": {"sources": [token]}},
            {"name": "keys", "secret": {"secretName": KEYS_SECRET, "defaultMode": 0o440}},
            # A snapshot is encrypted by Vault; the keys are written nowhere but into the encrypted archive.
            {"name": "bundle", "emptyDir": {"sizeLimit": "4Gi"}},
            {"name": "out", "emptyDir": {"sizeLimit": "4Gi"}},
        ],
    }


def _snapshot(args: VaultBackupArgs) -> Any:
    environment = {
        "VAULT_ADDR": VAULT_IN_CLUSTER,
        "VAULT_CACERT": f"{CA_DIRECTORY}/ca.crt",
        "VAULT_CLIENT_TIMEOUT": "600s",
        "MOUNT": args.mount,
        "ROLE": args.role,
        "JWT": f"{_TOKEN}/token",
        "SNAPSHOT": f"{_BUNDLE}/{SNAPSHOT}",
    }
    mounts = {"bundle": _BUNDLE, "ca": CA_DIRECTORY, "token": _TOKEN}
    return _step("snapshot", VAULT, ["sh", f"{_SCRIPT}/vault_snapshot.sh"], mounts) | _variables(environment)


def _encrypt() -> Any:
    environment = {
        "DIRECTORY": _BUNDLE,
        "FILES": f"{SNAPSHOT} {KEYS}/*",
        "RECIPIENTS": f"{_SCRIPT}/{_RECIPIENTS}",
        "OUT": _OUT,
    }
    mounts = {"bundle": _BUNDLE, "keys": f"{_BUNDLE}/{KEYS}", "out": _OUT}
    return _step("encrypt", AGE, ["bash", f"{_SCRIPT}/backup_encrypt.sh"], mounts) | _variables(environment)


def _upload(args: VaultBackupArgs) -> Any:
    """Variables of rclone: its docs, "Config file" and "s3"; it reads no file."""
    target, remote = args.target, "RCLONE_CONFIG_TARGET"
    environment = {
        "RCLONE_CONFIG": "",
        f"{remote}_TYPE": "s3",
        f"{remote}_PROVIDER": "Other",
        f"{remote}_ENV_AUTH": "true",
        f"{remote}_ENDPOINT": target.endpoint,
        f"{remote}_REGION": target.region,
        f"{remote}_FORCE_PATH_STYLE": "true",
        f"{remote}_NO_CHECK_BUCKET": "true",  # the keys need not be able to make one
        "TARGET": f"target:{target.bucket}/{target.path(Part.VAULT)}",
        "RETENTION_DAYS": str(args.retention_days),
        "OUT": _OUT,
    }
    access = {"envFrom": [{"secretRef": {"name": args.access}}]}
    step = _step("upload", RCLONE, ["sh", f"{_SCRIPT}/backup_upload.sh"], {"out": _OUT})
    return step | _variables(environment) | access


def _step(name: str, image: str, command: Sequence[str], mounts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "image": image,
        "command": list(command),
        "resources": resources("10m", "256Mi"),
        "securityContext": restricted_container(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": volume, "mountPath": path, **({} if volume in _WRITTEN else {"readOnly": True})}
            for volume, path in {"script": _SCRIPT, **mounts}.items()
        ],
    }


def _variables(environment: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    return {"env": [{"name": name, "value": value} for name, value in environment.items()]}
