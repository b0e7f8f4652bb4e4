"""Backups: what leaves the cluster, when, and to where. It needs secrets and the store of phase 1."""

from collections.abc import Callable, Mapping
from functools import partial

import pulumi

from components.backup.access import BackupAccessArgs, backup_access
from components.backup.etcd import EtcdBackup, EtcdBackupArgs
from components.backup.secrets import PASSWORD, PASSWORD_FIELD
from components.backup.sending import Sending
from components.backup.target import Part, Target, target
from components.backup.vault import VaultBackup, VaultBackupArgs
from components.backup.volumes import VolumeBackup, VolumeBackupArgs
from components.databases.base_backups import BaseBackupsArgs, base_backups
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from lib.kubernetes import PodSecurity
from lib.names import SystemNamespace
from register.volumes import volumes
from settings.backup import BackupSettings
from stacks.contracts import Backups, Cluster, Gates, Infrastructure, Site


def base(
    site: Site, cluster: Cluster, secrets: PlatformSecrets, store: pulumi.Resource, opts: pulumi.ResourceOptions
) -> Backups | None:
    """What a database needs that comes back from its backup: part of phase 1, whose options are `opts`."""
    if site.settings.backup is None:
        return None
    namespace = Namespace(
        "backup-namespace",
        NamespaceArgs(
            name=SystemNamespace.BACKUP, pod_security=PodSecurity.RESTRICTED, ca_certificate=cluster.ca_certificate
        ),
        opts,
    )
    access = BackupAccessArgs(namespace=namespace, secrets=secrets, store_ready=[store])
    ExternalSecret(
        "backup-password",
        ExternalSecretArgs(
            namespace=namespace,
            secret_name="backup-password",
            keys=[SecretKey(PASSWORD_FIELD, secrets[PASSWORD], PASSWORD_FIELD)],
            store_ready=[store],
        ),
        opts,
    )
    return Backups(namespace=namespace, access=backup_access("backup-access", access, opts))


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure, namespaces: Mapping[str, Namespace]) -> Gates:
    """Declares every backup that runs by itself, where the stack file asks for backups."""
    backup, goal, backups = site.settings.backup, target(site.settings), infrastructure.backups
    if backup is None or goal is None or backups is None:
        return ()
    phase = Phase(
        "backup", PhaseArgs(after=infrastructure.ready), pulumi.ResourceOptions(providers=[cluster.kubernetes])
    )
    in_phase = pulumi.ResourceOptions(parent=phase)
    databases = base_backups(
        "postgres-backups",
        BaseBackupsArgs(
            schedule=backup.schedules.databases,
            namespace=SystemNamespace.DATABASES,
            cluster=infrastructure.postgres.cluster,
        ),
        in_phase,
    )

    def way(part: Part, access: pulumi.Input[str]) -> Sending:
        return Sending(
            part=part,
            target=goal,
            access=access,
            recipients=backup.recipients,
            retention_days=backup.retention_days,
        )

    _vault(backup, partial(way, Part.VAULT), infrastructure, in_phase)
    if site.settings.talos is not None:  # whose control planes take the snapshots
        args = EtcdBackupArgs(
            sending=way(Part.ETCD, backups.access),
            schedule=backup.schedules.etcd,
            talos=site.settings.talos.version,
        )
        EtcdBackup("etcd-backup", args, in_phase)
    _volumes(site, (backup, goal), infrastructure, namespaces, in_phase)
    return (databases,)


def _vault(
    backup: BackupSettings,
    way: Callable[[pulumi.Input[str]], Sending],
    infrastructure: Infrastructure,
    opts: pulumi.ResourceOptions,
) -> None:
    namespace, login = infrastructure.vault_namespace, infrastructure.vault_backup
    access = BackupAccessArgs(namespace=namespace, secrets=infrastructure.secrets, store_ready=[infrastructure.store])
    VaultBackup(
        "vault-backup",
        VaultBackupArgs(
            namespace=namespace.namespace,
            ca_config_map=namespace.ca_bundle,
            account=login.account,
            mount=login.mount,
            role=login.role,
            sending=way(backup_access("vault-backup-target", access, opts)),
            schedule=backup.schedules.vault,
        ),
        opts,
    )


def _volumes(
    site: Site,
    given: tuple[BackupSettings, Target],
    infrastructure: Infrastructure,
    namespaces: Mapping[str, Namespace],
    opts: pulumi.ResourceOptions,
) -> None:
    backup, goal = given
    for volume in volumes(site.settings):
        VolumeBackup(
            f"volume-{volume.name}",
            VolumeBackupArgs(
                volume=volume,
                target=goal,
                namespace=namespaces[volume.namespace],
                secrets=infrastructure.secrets,
                store_ready=[infrastructure.store],
                schedule=backup.schedules.volumes,
                retention_days=backup.retention_days,
            ),
            opts,
        )
