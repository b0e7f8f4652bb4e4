"""Postgres for the whole platform: one operator, one cluster, a role and a database for each application."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.certificate import Certificate, CertificateArgs
from components.custom_resource import CustomResourceArgs, custom_resource
from components.databases import postgres_spec as postgres
from components.databases.cloudnative_pg_values import values
from components.databases.owned_database import OwnedDatabase, OwnedDatabaseArgs, RolePasswordArgs, role_password
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from declarations.databases import INITIAL_DATABASE, namespaces
from lib.charts import Chart
from lib.names import POSTGRES_CLUSTER
from lib.network import Policy
from register.databases import DATABASES, limits
from settings.platform import DatabasesSettings


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """What to run.

    Attributes:
        settings: Section `databases` of the stack file.
        databases: Names out of `declarations.databases.DATABASES`; the password of each is the secret
            `postgres/<name>`.
        authentik_servers: Replicas of Authentik's server, which decide on the number of connections.
        spread: Whether every instance has a worker of its own for certain.
        store: The ready ClusterSecretStore.
        issuer_ready: The ClusterIssuer of the servers' certificate.
    """

    chart: Chart
    operator_namespace: pulumi.Input[str]
    namespace: Namespace
    settings: DatabasesSettings
    databases: tuple[str, ...]
    authentik_servers: int
    spread: bool
    secrets: PlatformSecrets
    store: pulumi.Resource
    issuer_ready: pulumi.Resource
    storage_class: pulumi.Input[str]


class Postgres(pulumi.ComponentResource):
    """Creates:

    - `<name>-operator`: Release of CloudNativePG.
    - `<name>-ingress`: NetworkPolicy: who may connect to which port of the instances.
    - `<name>-tls`: Certificate of the servers, for the names of their Services.
    - `<name>-app-password`: ExternalSecret for the owner of the initial database.
    - `<name>-cluster`: the Cluster, awaited until Ready.
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
            spec=_policy(args.databases),
            opts=child,
        )
        self.cluster = custom_resource(
            f"{name}-cluster",
            CustomResourceArgs(
                api_version=postgres.API_VERSION,
                kind="Cluster",
                name=POSTGRES_CLUSTER,
                namespace=args.namespace.namespace,
                spec=self._spec(),
                seconds=1200,
            ),
            # The operator's release brings the definition and the webhook.
            pulumi.ResourceOptions(parent=self, depends_on=[operator]),
        )
        self.databases = {database: self._database(database, self.cluster) for database in args.databases}
        self.register_outputs({"databases": list(self.databases)})

    def _spec(self) -> Any:
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
            )
        )

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
