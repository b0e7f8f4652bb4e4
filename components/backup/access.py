"""The Secret with which a namespace asks the target of backups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.backup.secrets import ACCESS_KEY, PAIR, SECRET
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets

VARIABLES: Mapping[str, str] = {"access-key-id": "AWS_ACCESS_KEY_ID", "secret-access-key": "AWS_SECRET_ACCESS_KEY"}
"""Keys of the Secret by field: variables of whatever speaks S3, so a pod takes all of it with `envFrom`."""


@dataclass(frozen=True, kw_only=True)
class BackupAccessArgs:
    """Where the Secret is wanted; the namespace is one of the declared readers (components/backup/secrets.py)."""

    namespace: Namespace
    secrets: PlatformSecrets
    store_ready: Sequence[pulumi.Resource]


def backup_access(name: str, args: BackupAccessArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Name of the Secret `backup-access`. Creates `<name>`: its ExternalSecret."""
    written = args.secrets[ACCESS_KEY]
    return ExternalSecret(
        name,
        ExternalSecretArgs(
            namespace=args.namespace,
            secret_name=SECRET,
            keys=[SecretKey(VARIABLES[field], written, field) for field in PAIR],
            store_ready=args.store_ready,
        ),
        opts,
    ).secret_name
