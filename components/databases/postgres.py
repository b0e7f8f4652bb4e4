"""Postgres for the whole platform: one operator, one cluster, a role and a database for each application."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.barrier import passed
from components.certificate import Certificate, CertificateArgs
from components.custom_resource import CustomResourceArgs, custom_resource
from components.databases import postgres_spec as postgres
from components.databases.archive import Archive
from components.databases.cloudnative_pg_values import values
from components.databases.owned_database import OwnedDatabase, OwnedDatabaseArgs, RolePasswordArgs, role_password
from components.databases.postgres_archive import PostgresArchive, PostgresArchiveArgs
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from declarations.databases import INITIAL_DATABASE, namespaces
from lib.charts import Chart
from lib.names import POSTGRES_CLUSTER
from lib.network import Policy
from register.databases import DATABASES, limits
from settings.backup import BackupSettings
from settings.platform import DatabasesSettings


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """What to run.

    Attributes:
        settings: Section `databases` of the stack file.
        backup: Section `backup`; None without backups.
        databases: Names out of `declarations.databases.DATABASES`; the password of each is the secret
            `postgres/<name>`.
        authentik_servers: Replicas of Authentik's server, which decide on the number of connections.
        spread: Whether every instance has a worker of its own for certain.
        store: The ready ClusterSecretStore.
        issuer_ready: The ClusterIssuer of the servers' certificate.
        barman: Chart of the plugin that archives.
        gateway: What takes the archive serves; None without backups.
    """

    chart: Chart
    operator_namespace: pulumi.Input[str]
    namespace: Namespace
    settings: DatabasesSettings
    backup: BackupSettings | None
    databases: tuple[str, ...]
    authentik_servers: int
    spread: bool
    secrets: PlatformSecrets
    store: pulumi.Resource
    issuer_ready: pulumi.Resource
    storage_class: pulumi.Input[str]
    barman: Chart
    gateway: pulumi.Resource | None

    @property
    def held_off(self) -> bool:
        """Whether nobody but the operator and the monitoring may connect."""
        recovery = self.settings.recovery
        return recovery is not None and recovery.hold_off


class Postgres(pulumi.ComponentResource):
    """Creates:

    - `<name>-operator`: Release of CloudNativePG.
    - `<name>-ingress`: NetworkPolicy: who may connect to which port of the instances.
    - `<name>-tls`: Certificate of the servers, for the names of their Services.
    - `<name>-app-password`: ExternalSecret for the owner of the initial database.
    - `<name>-archive`: PostgresArchive, where there are backups.
    - `<name>-serves`: stands for the Cluster once it is Ready.
    - `<name>-cluster`: the Cluster, awaited until Ready; another one, made of an older archive, when its number rises.
    - `<name>-<database>`: OwnedDatabase for each application.

    Attributes:
        cluster: The ready Cluster.
        databases: The applied Database of each name; whoever connects depends on its own.
    """

    cluster: k8s.apiextensions.CustomResource
    databases: Mapping[str, k8s.apiextensions.CustomResource]

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:databases/postgres:Postgres", name, None, opts)
        self._name, self._args = name, args
        child = pulumi.ResourceOptions(parent=self)
        operator = release(
            f"{name}-operator",
            ReleaseArgs(
                chart=args.chart,
                release="cloudnative-pg",
                namespace=args.operator_namespace,
                values=values(),
            ),
            child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-ingress",
            metadata={"name": "postgres", "namespace": args.namespace.namespace},
            spec=_policy(() if args.held_off else args.databases),
            opts=child,
        )
        self.cluster = custom_resource(
            f"{name}-cluster",
            CustomResourceArgs(
                api_version=postgres.API_VERSION,
                kind="Cluster",
                name=POSTGRES_CLUSTER,
                namespace=args.namespace.namespace,
                spec=self._spec(operator),
                # What comes back from an archive is fetched first.
                seconds=1200 if args.settings.recovery is None else 6 * 3600,
            ),
            # The operator's release brings the definition and the webhook. What a Cluster was made of is read once.
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[operator],
                replacement_trigger=str(args.settings.archive),
                delete_before_replace=True,
            ),
        )
        # Much is behind the Cluster, and much before the databases.
        serves = passed(f"{name}-serves", self.cluster)
        self.databases = {database: self._database(database, serves) for database in args.databases}
        self.register_outputs({"databases": list(self.databases)})

    def _spec(self, operator: pulumi.Resource) -> Any:
        args, settings = self._args, self._args.settings
        child = pulumi.ResourceOptions(parent=self)
        owner = RolePasswordArgs(
            role=INITIAL_DATABASE,
            secret=args.secrets[f"postgres/{INITIAL_DATABASE}"],
            namespace=args.namespace,
            store=args.store,
        )
        certificate = Certificate(
            f"{self._name}-tls",
            CertificateArgs(
                namespace=args.namespace.namespace,
                secret_name=f"{POSTGRES_CLUSTER}-tls",
                hosts=postgres.hosts(),
                issuer_ready=args.issuer_ready,
                secret_labels=postgres.RELOAD,
            ),
            child,
        )
        return postgres.spec(
            postgres.PostgresSpec(
                instances=settings.instances,
                durability=settings.durability,
                memory=settings.memory,
                size=settings.size,
                storage_class=args.storage_class,
                spread=args.spread,
                authentik_servers=args.authentik_servers,
                owner_secret=role_password(f"{self._name}-{INITIAL_DATABASE}-password", owner, child),
                certificate_secret=certificate.secret_name,
                archive=self._archive(operator, certificate.secret_name),
            )
        )

    def _archive(self, operator: pulumi.Resource, certificate: pulumi.Output[str]) -> Archive | None:
        args = self._args
        if args.backup is None or args.gateway is None:
            return None
        store = PostgresArchive(
            f"{self._name}-archive",
            PostgresArchiveArgs(
                chart=args.barman,
                operator=operator,
                operator_namespace=args.operator_namespace,
                namespace=args.namespace,
                retention_days=args.backup.retention_days,
                certificate_secret=certificate,
                secrets=args.secrets,
                store=args.store,
                gateway=args.gateway,
            ),
            pulumi.ResourceOptions(parent=self),
        ).object_store
        return Archive(object_store=store, number=args.settings.archive, recovery=args.settings.recovery)

    def _database(self, database: str, cluster: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        args = self._args
        return OwnedDatabase(
            f"{self._name}-{database}",
            OwnedDatabaseArgs(
                database=database,
                connection_limit=limits(args.authentik_servers)[database],
                secret=args.secrets[f"postgres/{database}"],
                namespace=args.namespace,
                cluster=cluster,
                store=args.store,
            ),
            pulumi.ResourceOptions(parent=self),
        ).applied


def _policy(databases: tuple[str, ...]) -> Any:
    owners = namespaces(DATABASES[database] for database in databases)
    return Policy(pods=postgres.LABELS, ingress=postgres.ingress(owners)).spec()
