"""Postgres and Valkey."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.databases.postgres import DATABASES, Postgres, PostgresArgs
from components.databases.valkey import Valkey, ValkeyArgs
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from lib.charts import Catalogue
from lib.kubernetes import PodSecurity
from lib.names import Namespace as Names
from lib.secrets import Reader, SecretDeclaration, literal, password
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

CUSTOM_RESOURCE = "kubernetes:postgresql.cnpg.io/v1:"
USERS = ("gitea", "harbor")


def declarations() -> list[SecretDeclaration]:
    roles = [
        SecretDeclaration(
            path=f"postgres/{role}",
            fields=(literal("username", role), password("password")),
            readers=(Reader(namespace=Names.DATABASES, secret=f"postgres-{role}"),),
        )
        for role in ("app", *DATABASES)
    ]
    users = [
        SecretDeclaration(
            path=f"valkey/{user}",
            fields=(password("password"),),
            readers=(Reader(namespace=Names.DATABASES, secret="valkey-users"),),
        )
        for user in ("default", *USERS)
    ]
    return roles + users


def build(opts: pulumi.ResourceOptions) -> None:
    secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declarations(), mount="kv"), opts)
    namespace = Namespace("namespace", NamespaceArgs(name="databases", pod_security=PodSecurity.RESTRICTED), opts)
    common: Mapping[str, Any] = {
        "namespace": namespace,
        "secrets": secrets,
        "store": namespace,
        "storage_class": "fast",
        "size": "3Gi",
    }
    charts = Catalogue()
    Postgres(
        "postgres",
        PostgresArgs(
            chart=charts["cloudnative-pg"],
            operator_namespace="cnpg-system",
            databases=tuple(DATABASES),
            instances=2,
            **common,
        ),
        opts,
    )
    Valkey("valkey", ValkeyArgs(chart=charts["valkey"], users=USERS, **common), opts)


@pytest.fixture(scope="module")
def databases() -> Recording:
    return record_component(build)


def of_kind(databases: Recording, kind: str) -> dict[str, Recorded]:
    return {one.get("metadata", "name"): one for one in databases.of_type(f"{CUSTOM_RESOURCE}{kind}")}


def test_each_database_has_its_own_role_with_its_own_password(databases: Recording) -> None:
    roles, found = of_kind(databases, "DatabaseRole"), of_kind(databases, "Database")
    assert set(found) == set(roles) == set(DATABASES), "a shared role would let one application read another's data"
    passwords = {role.get("spec", "passwordSecret", "name") for role in roles.values()}
    assert len(passwords) == len(DATABASES), "a shared password is a shared role"


def test_a_database_comes_after_its_role_and_the_cluster(databases: Recording) -> None:
    (cluster,) = of_kind(databases, "Cluster").values()
    for name, database in of_kind(databases, "Database").items():
        role = of_kind(databases, "DatabaseRole")[name]
        assert databases.is_after(database, role), f"{name} would be owned by a role that does not exist"
        assert databases.is_after(role, cluster), "a role needs the cluster"


def test_synapse_gets_the_collation_without_which_it_does_not_start(databases: Recording) -> None:
    spec = of_kind(databases, "Database")["synapse"].get("spec")
    assert (spec["localeCollate"], spec["localeCType"], spec["template"]) == ("C", "C", "template0"), (
        "Synapse refuses any other collation, and only template0 can be copied with one"
    )


def test_data_outlives_its_declaration(databases: Recording) -> None:
    for database in of_kind(databases, "Database").values():
        assert database.get("spec", "databaseReclaimPolicy") == "retain", f"{database} would drop the data"


def test_what_is_not_applied_is_not_ready(databases: Recording) -> None:
    awaited = {**of_kind(databases, "Database"), **of_kind(databases, "DatabaseRole")}
    for resource in awaited.values():
        wait_for = resource.get("metadata", "annotations", "pulumi.com/waitFor")
        assert wait_for == "jsonpath={.status.applied}=true", f"{resource} has no Ready condition in its CRD"


def test_the_operator_makes_no_password_of_its_own(databases: Recording) -> None:
    (cluster,) = of_kind(databases, "Cluster").values()
    initial = cluster.get("spec", "bootstrap", "initdb")
    assert initial["secret"]["name"] == "postgres-app", "without a Secret the operator would generate one"
    assert not cluster.get("spec", "enableSuperuserAccess"), "nobody needs the superuser"


def test_no_service_may_configure_valkey(databases: Recording) -> None:
    users = databases.one("kubernetes:helm.sh/v3:Release", "valkey-release").get("values", "auth", "aclUsers")
    assert set(users) == {"default", *USERS}, "each service is a user of its own, and the chart demands `default`"
    for user in USERS:
        assert users[user]["permissions"].endswith("-@admin"), f"{user} could reconfigure Valkey for all"


def test_the_passwords_of_valkey_stand_in_a_secret_and_not_in_the_values(databases: Recording) -> None:
    release = databases.one("kubernetes:helm.sh/v3:Release", "valkey-release")
    assert release.get("values", "auth", "usersExistingSecret") == "valkey-users", "the ExternalSecret's"
    texts = [text for _, text, _ in release.strings()]
    assert not set(texts) & set(databases.issued), "a password in the values lies in the release's own Secret too"
