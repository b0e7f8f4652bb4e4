"""A database of an application, and the role that owns it."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.custom_resource import CustomResourceArgs, custom_resource, value_after
from components.databases.postgres_spec import API_VERSION, RELOAD
from components.external_secret import ExternalSecret, ExternalSecretArgs, SecretKey
from components.namespace import Namespace
from components.platform_secrets import WrittenSecret
from lib.names import POSTGRES_CLUSTER
from register.databases import DATABASES

_APPLIED = "jsonpath={.status.applied}=true"


@dataclass(frozen=True, kw_only=True)
class RolePasswordArgs:
    """Role, its secret (username, password) in Vault, and where the operator looks for it."""

    role: str
    secret: WrittenSecret
    namespace: Namespace
    store: pulumi.Resource


def role_password(name: str, args: RolePasswordArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Name of the Secret, of type basic-auth, from which the operator sets the password of a role, at every change."""
    return ExternalSecret(
        name,
        ExternalSecretArgs(
            namespace=args.namespace,
            secret_name=f"{POSTGRES_CLUSTER}-{args.role}",
            keys=[SecretKey("username", args.secret, "username"), SecretKey("password", args.secret, "password")],
            store_ready=[args.store],
            secret_type="kubernetes.io/basic-auth",
            labels=RELOAD,
        ),
        opts,
    ).secret_name


@dataclass(frozen=True, kw_only=True)
class OwnedDatabaseArgs:
    """A row of `declarations.databases.DATABASES`.

    Attributes:
        database: Its name, which is also the role's.
        connection_limit: Connections that the role may hold at once.
        secret: The role's user name and password in Vault.
        cluster: The ready Cluster.
        store: The ready ClusterSecretStore.
    """

    database: str
    connection_limit: int
    secret: WrittenSecret
    namespace: Namespace
    cluster: pulumi.Resource
    store: pulumi.Resource


class OwnedDatabase(pulumi.ComponentResource):
    """Creates:

    - `<name>-password`: ExternalSecret of the role's password.
    - `<name>-role`: DatabaseRole, awaited until applied.
    - `<name>`: Database, awaited until applied.

    Role and database are retained when they leave the program, data included.

    Attributes:
        applied: The Database; whoever connects depends on it.
    """

    applied: k8s.apiextensions.CustomResource

    def __init__(self, name: str, args: OwnedDatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:databases/owned_database:OwnedDatabase", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = {"name": value_after(args.cluster, POSTGRES_CLUSTER)}
        password = role_password(
            f"{name}-password",
            RolePasswordArgs(role=args.database, secret=args.secret, namespace=args.namespace, store=args.store),
            child,
        )
        role = custom_resource(
            f"{name}-role",
            CustomResourceArgs(
                api_version=API_VERSION,
                kind="DatabaseRole",
                name=args.database,
                namespace=args.namespace.namespace,
                spec={
                    "cluster": cluster,
                    "name": args.database,
                    "login": True,
                    "connectionLimit": args.connection_limit,
                    "passwordSecret": {"name": password},
                    "databaseRoleReclaimPolicy": "retain",
                },
                wait_for=_APPLIED,
            ),
            child,
        )
        self.applied = custom_resource(
            name,
            CustomResourceArgs(
                api_version=API_VERSION,
                kind="Database",
                name=args.database,
                namespace=args.namespace.namespace,
                spec={
                    "cluster": cluster,
                    "name": args.database,
                    "owner": value_after(role, args.database),
                    "databaseReclaimPolicy": "retain",
                    **DATABASES[args.database].locale,
                },
                wait_for=_APPLIED,
            ),
            child,
        )
        self.register_outputs({"applied": self.applied.id})
