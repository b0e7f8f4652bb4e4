"""Backups of Vault: its snapshots, and beside each the key that opens it."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.backup import sending
from components.backup.sending import BUNDLE, SCRIPT, Sending
from components.backup.target import Target
from components.vault.configuration import AUDIENCE
from components.vault.server import SERVER_LABELS
from components.vault.server_config import API_PORT
from components.vault.values import KEYS_SECRET
from lib.images import VAULT
from lib.names import CA_DIRECTORY, VAULT_IN_CLUSTER
from lib.network import tcp

NAME = "vault-backup"
"""Name of the CronJob."""
SNAPSHOT = "vault.snap"
KEYS = "keys"
"""In the archive: the snapshot, and the folder with the keys of the Secret `vault-keys` as they were then."""
LABELS = {"app.kubernetes.io/name": NAME}

_TOKEN_SECONDS = 600  # the least that the API server takes
_TOKEN = "/token"


@dataclass(frozen=True, kw_only=True)
class VaultBackupArgs:
    """What is backed up as whom, and where it goes.

    Attributes:
        namespace: That of Vault.
        ca_config_map: ConfigMap with the CA of Vault's certificate.
        account: ServiceAccount that may log in to Vault at `mount` with `role`, to take snapshots.
        schedule: In cron, UTC.
    """

    namespace: pulumi.Input[str]
    ca_config_map: pulumi.Input[str]
    account: pulumi.Input[str]
    mount: pulumi.Input[str]
    role: pulumi.Input[str]
    sending: Sending
    schedule: str


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
        script = k8s.core.v1.ConfigMap(
            f"{name}-script",
            metadata={"name": NAME, "namespace": args.namespace},
            data=sending.files(args.sending, "vault_snapshot"),
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-egress",
            metadata={"name": f"{NAME}-egress", "namespace": args.namespace},
            spec=egress(args.sending.target),
            opts=child,
        )
        k8s.batch.v1.CronJob(
            name,
            metadata={"name": NAME, "namespace": args.namespace},
            spec=sending.schedule(args.schedule, LABELS, _pod(args, script.metadata.name)),
            opts=child,
        )
        self.register_outputs({})


def egress(target: Target) -> Any:
    """Spec of the policy."""
    return sending.egress(
        target, LABELS, [{"to": [{"podSelector": {"matchLabels": SERVER_LABELS}}], "ports": [tcp(API_PORT)]}]
    )


def _pod(args: VaultBackupArgs, script: pulumi.Input[str]) -> Any:
    token = {"serviceAccountToken": {"audience": AUDIENCE, "expirationSeconds": _TOKEN_SECONDS, "path": "token"}}
    encrypt = sending.encrypt(f"{SNAPSHOT} {KEYS}/*", {"keys": f"{BUNDLE}/{KEYS}"})
    volumes = [
        {"name": "ca", "configMap": {"name": args.ca_config_map}},
        {"name": "token", "projected": {"sources": [token]}},
        # A snapshot is encrypted by Vault; the keys are written nowhere but into the encrypted archive.
        {"name": "keys", "secret": {"secretName": KEYS_SECRET, "defaultMode": 0o440}},
    ]
    steps = [_snapshot(args), encrypt, sending.upload(args.sending)]
    return sending.pod(script, steps, volumes) | {"serviceAccountName": args.account}


def _snapshot(args: VaultBackupArgs) -> Any:
    environment = {
        "VAULT_ADDR": VAULT_IN_CLUSTER,
        "VAULT_CACERT": f"{CA_DIRECTORY}/ca.crt",
        "VAULT_CLIENT_TIMEOUT": "600s",
        "MOUNT": args.mount,
        "ROLE": args.role,
        "JWT": f"{_TOKEN}/token",
        "SNAPSHOT": f"{BUNDLE}/{SNAPSHOT}",
    }
    mounts = {"bundle": BUNDLE, "ca": CA_DIRECTORY, "token": _TOKEN}
    return sending.step("snapshot", VAULT, ["sh", f"{SCRIPT}/vault_snapshot.sh"], mounts, environment)
