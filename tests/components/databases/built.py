"""Postgres and Valkey as the program builds them, under settings that a test chooses."""

from typing import Any

import pulumi

from components.databases.postgres import Postgres, PostgresArgs
from components.databases.valkey import Valkey, ValkeyArgs
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from lib.charts import Catalogue
from lib.kubernetes import PodSecurity
from lib.names import SystemNamespace
from lib.secrets import Reader, SecretDeclaration, literal, password
from register.databases import DATABASES, VALKEY_USERS
from settings.platform import DatabasesSettings
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

CUSTOM_RESOURCE = "kubernetes:postgresql.cnpg.io/v1:"
RELEASE = "kubernetes:helm.sh/v3:Release"


def _declarations() -> list[SecretDeclaration]:
    roles = [
        SecretDeclaration(
            path=f"postgres/{role}",
            fields=(literal("username", role), password("password")),
            readers=(Reader(namespace=SystemNamespace.DATABASES, secret=f"postgres-{role}"),),
        )
        for role in ("app", *DATABASES)
    ]
    users = [
        SecretDeclaration(
            path=f"valkey/{user}",
            fields=(password("password"),),
            readers=(Reader(namespace=SystemNamespace.DATABASES, secret="valkey-users"),),
        )
        for user in ("default", *VALKEY_USERS)
    ]
    return roles + users


def _postgres(given: dict[str, Any], *, spread: bool, authentik_servers: int, opts: pulumi.ResourceOptions) -> Postgres:
    return Postgres(
        "postgres",
        PostgresArgs(
            chart=Catalogue()["cloudnative-pg"],
            operator_namespace="cnpg-system",
            databases=tuple(DATABASES),
            authentik_servers=authentik_servers,
            spread=spread,
            issuer_ready=given["store"],
            **given,
        ),
        opts,
    )


def recorded(*, spread: bool = True, authentik_servers: int = 1, users: tuple[str, ...] = (), **keys: Any) -> Recording:
    """Both servers; `keys` are those of section `databases` of the stack file, in Python's spelling."""

    def build(opts: pulumi.ResourceOptions) -> None:
        namespace = Namespace(
            "namespace",
            NamespaceArgs(name="databases", pod_security=PodSecurity.RESTRICTED, among_themselves=False),
            opts,
        )
        given: dict[str, Any] = {
            "namespace": namespace,
            "settings": DatabasesSettings(**keys),
            "monitored": False,
            "secrets": PlatformSecrets("secrets", PlatformSecretsArgs(declarations=_declarations(), mount="kv"), opts),
            "store": namespace,
            "storage_class": "fast",
        }
        _postgres(given, spread=spread, authentik_servers=authentik_servers, opts=opts)
        Valkey("valkey", ValkeyArgs(chart=Catalogue()["valkey"], users=users or tuple(VALKEY_USERS), **given), opts)

    return record_component(build)


def of_kind(recording: Recording, kind: str) -> dict[str, Recorded]:
    """Custom resources of CloudNativePG by their names."""
    return {one.get("metadata", "name"): one for one in recording.of_type(f"{CUSTOM_RESOURCE}{kind}")}


def cluster(recording: Recording) -> Recorded:
    """The one Cluster."""
    (found,) = of_kind(recording, "Cluster").values()
    return found


def policy(recording: Recording, name: str) -> Any:
    """Spec of the NetworkPolicy of that name."""
    (found,) = [
        one
        for one in recording.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        if one.get("metadata", "name") == name
    ]
    return found.get("spec")
