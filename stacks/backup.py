"""Backups: what leaves the cluster, when, and to where. It needs secrets and the store of phase 1."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pulumi

from components.backup.access import BackupAccessArgs, backup_access
from components.backup.etcd import EtcdBackup, EtcdBackupArgs
from components.backup.gateway import BackupGateway, BackupGatewayArgs
from components.backup.secrets import ACCESS_KEY, PASSWORD, PASSWORD_FIELD, PASSWORD_SECRET
from components.backup.sending import Sending
from components.backup.target import Part, target
from components.backup.vault import VaultBackup, VaultBackupArgs
from components.backup.volumes import VolumeBackup, VolumeBackupArgs
from components.databases.archive import server_name
from components.databases.base_backups import BaseBackupsArgs, base_backups
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.kubernetes.conditions import Conditions, ConditionsArgs, Watched
from components.namespace import Namespace, NamespaceArgs
from components.phase import Phase, PhaseArgs
from components.platform_secrets import PlatformSecrets
from declarations.volumes import Volume
from lib.kubernetes import PodSecurity, digest
from lib.names import POSTGRES_CLUSTER, SystemNamespace
from settings.backup import BackupSettings
from stacks.contracts import Backups, Cluster, Gates, Infrastructure, Site


def base(
    site: Site, cluster: Cluster, secrets: PlatformSecrets, store: pulumi.Resource, opts: pulumi.ResourceOptions
) -> Backups | None:
    """What a database needs that comes back from its backup: part of phase 1, whose options are `opts`."""
    place = site.settings.backup.target.one if site.settings.backup is not None else None
    if place is None:
        return None
    namespace = Namespace(
        "backup-namespace",
        NamespaceArgs(
            name=SystemNamespace.BACKUP, pod_security=PodSecurity.RESTRICTED, ca_certificate=cluster.ca_certificate
        ),
        opts,
    )
    access = backup_access(
        "backup-access", BackupAccessArgs(namespace=namespace, secrets=secrets, store_ready=[store]), opts
    )
    password = ExternalSecret(
        "backup-password",
        ExternalSecretArgs(
            namespace=namespace,
            secret_name=PASSWORD_SECRET,
            keys=[SecretKey(PASSWORD_FIELD, secrets[PASSWORD], PASSWORD_FIELD)],
            store_ready=[store],
        ),
        opts,
    )
    gateway = BackupGateway(
        "backup-gateway",
        BackupGatewayArgs(
            cluster=site.settings.cluster.name,
            target=place,
            namespace=namespace,
            access=access,
            password=(password.secret_name, PASSWORD_FIELD),
            clients=secrets[ACCESS_KEY].declaration.consumers,
            issuer_ready=cluster.issuer,
        ),
        opts,
    )
    return Backups(namespace=namespace, access=access, gateway=gateway.ready)


def build(site: Site, cluster: Cluster, infrastructure: Infrastructure) -> Gates:
    """Declares every backup that runs by itself but those of volumes, where the stack file asks for backups."""
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
    archived = Conditions(
        "postgres-archived",
        ConditionsArgs(
            objects=[_postgres("ContinuousArchiving"), _postgres("LastBackupSucceeded")],
            runbook="databases.md#a-base-backup-is-missed",
            after=[databases],
            proves=[server_name(site.settings.databases.archive), digest(str(backup.target))],
            seconds=1800,
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
    return (archived.gate,)


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


def of_volumes(
    site: Site,
    infrastructure: Infrastructure,
    volumes: Sequence[Volume],
    namespaces: Mapping[str, Namespace],
    opts: pulumi.ResourceOptions,
) -> None:
    """Declares the backup of each of these: part of phase 4 or of a chain, whose options are `opts`, since it lies
    beside what writes to it.
    """
    backup, goal = site.settings.backup, target(site.settings)
    if backup is None or goal is None:
        return
    for volume in volumes:
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
                cilium=site.settings.cluster.existing is None,
            ),
            opts,
        )


def _postgres(condition: str) -> Watched:
    return Watched(
        "postgresql.cnpg.io", "v1", "clusters", POSTGRES_CLUSTER, condition, namespace=SystemNamespace.DATABASES
    )
