"""Postgres for the whole platform: one operator, one cluster, a role and a database for each application."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource, once
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.helm import ReleaseArgs, release
from components.namespace import Namespace
from components.platform_secrets import PlatformSecrets
from lib.charts import Chart
from lib.images import POSTGRES
from lib.kubernetes import resources
from lib.names import POSTGRES_CLUSTER
from lib.values.cloudnative_pg import values

_API = "postgresql.cnpg.io/v1"
_OWNER = "app"
_C_COLLATION: Mapping[str, str] = {"localeCollate": "C", "localeCType": "C", "template": "template0"}
"""Synapse refuses to start on a database with any other collation; only template0 may be copied with one."""

DATABASES: Mapping[str, Mapping[str, str]] = {
    "authentik": {},
    "gitea": {},
    "harbor": {},
    "synapse": _C_COLLATION,
    "mas": {},
}
"""Every database that can be asked for, by name (which is also its owner's), with its locale fields."""


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """What to run.

    Attributes:
        databases: Names out of `DATABASES`; the password of each is the secret `postgres/<name>`.
        store: The ready ClusterSecretStore.
    """

    chart: Chart
    operator_namespace: pulumi.Input[str]
    namespace: Namespace
    databases: tuple[str, ...]
    secrets: PlatformSecrets
    store: pulumi.Resource
    instances: int
    storage_class: pulumi.Input[str]
    size: str


class Postgres(pulumi.ComponentResource):
    """Creates:

    - `<name>-operator`: Release of CloudNativePG.
    - `<name>-<role>-password`: ExternalSecret of type basic-auth for the owner of the initial database and each role.
    - `<name>-cluster`: the Cluster, awaited until Ready.
    - `<name>-<database>-role`, `<name>-<database>`: DatabaseRole and Database, awaited until applied. Both are
      retained when they leave the program, data included.

    Attributes:
        databases: The applied Database of each name; whoever connects depends on its own.
    """

    databases: Mapping[str, k8s.apiextensions.CustomResource]

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:databases/postgres:Postgres", name, None, opts)
        self._name, self._args = name, args
        operator = release(
            f"{name}-operator",
            ReleaseArgs(chart=args.chart, release="cloudnative-pg", namespace=args.operator_namespace, values=values()),
            pulumi.ResourceOptions(parent=self),
        )
        cluster = self._custom_resource(
            "cluster", "Cluster", POSTGRES_CLUSTER, self._cluster_spec(), after=operator, seconds=1200
        )
        self.databases = {database: self._database(database, cluster) for database in args.databases}
        self.register_outputs({"databases": list(self.databases)})

    def _password(self, role: str) -> pulumi.Output[str]:
        secret = self._args.secrets[f"postgres/{role}"]
        return ExternalSecret(
            f"{self._name}-{role}-password",
            ExternalSecretArgs(
                namespace=self._args.namespace,
                secret_name=f"{POSTGRES_CLUSTER}-{role}",
                keys=[SecretKey("username", secret, "username"), SecretKey("password", secret, "password")],
                ready=[self._args.store],
                secret_type="kubernetes.io/basic-auth",
                labels={"cnpg.io/reload": "true"},  # the operator follows a new password at once
            ),
            pulumi.ResourceOptions(parent=self),
        ).secret_name

    def _cluster_spec(self) -> dict[str, Any]:
        args = self._args
        return {
            "instances": args.instances,
            "imageName": POSTGRES,
            "storage": {"size": args.size, "storageClass": args.storage_class},
            "resources": resources("100m", "1Gi"),
            # The services' pools add up to more than the default of 100 (Gitea 20, Harbor 2 x 20, Synapse 10, MAS 10,
            # Authentik about 50 since it gave up Redis).
            "postgresql": {"parameters": {"max_connections": "200"}},
            "affinity": {"enablePodAntiAffinity": True, "podAntiAffinityType": "preferred"},
            # The owner of the initial database is named so that the operator makes no password of its own.
            "bootstrap": {"initdb": {"database": _OWNER, "owner": _OWNER, "secret": {"name": self._password(_OWNER)}}},
        }

    def _database(self, database: str, cluster: pulumi.Resource) -> k8s.apiextensions.CustomResource:
        reference = {"name": once(cluster, POSTGRES_CLUSTER)}
        role = self._custom_resource(
            f"{database}-role",
            "DatabaseRole",
            database,
            {
                "cluster": reference,
                "name": database,
                "login": True,
                "passwordSecret": {"name": self._password(database)},
                "databaseRoleReclaimPolicy": "retain",
            },
            wait_for=_APPLIED,
        )
        return self._custom_resource(
            database,
            "Database",
            database,
            {
                "cluster": reference,
                "name": database,
                "owner": once(role, database),
                "databaseReclaimPolicy": "retain",
                **DATABASES[database],
            },
            wait_for=_APPLIED,
        )

    def _custom_resource(
        self,
        suffix: str,
        kind: str,
        object_name: str,
        spec: dict[str, Any],
        *,
        after: pulumi.Resource | None = None,
        wait_for: str = "condition=Ready",
        seconds: int = 600,
    ) -> k8s.apiextensions.CustomResource:
        return custom_resource(
            f"{self._name}-{suffix}",
            CustomResourceArgs(
                api_version=_API,
                kind=kind,
                name=object_name,
                namespace=self._args.namespace.namespace,
                spec=spec,
                wait_for=wait_for,
                seconds=seconds,
            ),
            # The operator's release brings the CRD and the webhook.
            pulumi.ResourceOptions(parent=self, depends_on=[after] if after is not None else []),
        )


_APPLIED = "jsonpath={.status.applied}=true"
