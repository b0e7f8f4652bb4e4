"""Postgres: a role and a database for each application, limits, TLS, and what it survives; see also facts.yaml."""

from typing import Any

import pytest

from components.databases.postgres_spec import PostgresSpec, spec
from register.databases import DATABASES, limits, max_connections
from tests.support.engine import Recorded, Recording
from tests.support.objects import of_kind

BY_DEFAULT: dict[str, Any] = {
    "instances": 2,
    "durability": "preferred",
    "memory": "2Gi",
    "size": "10Gi",
    "storage_class": "fast",
    "spread": True,
    "authentik_servers": 1,
    "owner_secret": "postgres-app",
    "certificate_secret": "postgres-tls",
}


def built(**changes: Any) -> Any:
    """`spec` of the Cluster."""
    return spec(PostgresSpec(**BY_DEFAULT | changes))


def named(update: Recording, kind: str) -> dict[str, Recorded]:
    return {one.get("metadata", "name"): one for one in of_kind(update, kind)}


def test_each_database_has_its_own_role_with_its_own_password(update: Recording) -> None:
    roles, found = named(update, "DatabaseRole"), named(update, "Database")
    assert set(found) == set(roles) <= set(DATABASES), "a shared role would let one application read another's data"
    passwords = {role.get("spec", "passwordSecret", "name") for role in roles.values()}
    assert len(passwords) == len(roles), "a shared password is a shared role"
    (cluster,) = of_kind(update, "Cluster")
    for name, database in found.items():
        assert update.is_after(database, roles[name]), f"{name} would be owned by a role that does not exist"
        assert update.is_after(roles[name], cluster), "a role needs the cluster"


def test_a_role_has_no_more_connections_than_its_row_of_the_table(update: Recording) -> None:
    found = {name: role.get("spec", "connectionLimit") for name, role in named(update, "DatabaseRole").items()}
    assert found.items() <= limits(1).items(), "a leak in one application would keep all others from connecting"


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_the_table_and_the_server_agree_on_connections(servers: int) -> None:
    maximum = int(built(authentik_servers=servers)["postgresql"]["parameters"]["max_connections"])
    assert maximum == max_connections(servers), "the sum of the roles fits into it"


def test_no_client_connects_without_tls_or_to_the_database_of_another() -> None:
    rules = [rule.split() for rule in built()["postgresql"]["pg_hba"]]
    kind, database, role, source, method = rules[0]
    assert (kind, method) == ("hostssl", "scram-sha-256"), "TLS and a hashed password"
    assert (database, role, source) == ("sameuser", "all", "all"), "each role reaches the database of its name only"
    assert rules[-1] == ["host", "all", "all", "all", "reject"], (
        "the operator's own last rule, which comes after these, admits everyone with a password"
    )


def test_every_name_of_its_services_is_in_the_certificate_that_it_shows(update: Recording) -> None:
    certificate = update.one("kubernetes:cert-manager.io/v1:Certificate", "postgres-tls").get("spec")
    for role in ("rw", "ro", "r"):
        for domain in ("", ".databases", ".databases.svc", ".databases.svc.cluster.local"):
            assert f"postgres-{role}{domain}" in certificate["dnsNames"], "clients that verify the name would refuse it"
    (cluster,) = of_kind(update, "Cluster")
    shown = set(cluster.get("spec", "certificates").values())
    assert shown == {certificate["secretName"]}, "certificate and CA come from cert-manager's Secret"
    assert certificate["secretTemplate"]["labels"] == {"cnpg.io/reload": "true"}, "a renewal reaches running servers"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"instances": 1}, None),
        ({"instances": 2}, {"method": "any", "number": 1, "dataDurability": "preferred"}),
        (
            {"instances": 3, "durability": "required"},
            {"method": "any", "number": 1, "dataDurability": "required", "failoverQuorum": True},
        ),
    ],
)
def test_a_commit_is_on_two_instances_where_there_are_two(
    keys: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    found = built(**keys)["postgresql"].get("synchronous")
    assert found == expected, "the operator refuses a number of replicas that the cluster does not have"


@pytest.mark.parametrize(("instances", "budget", "method"), [(1, False, "restart"), (2, True, "switchover")])
def test_a_single_instance_does_not_keep_its_node_from_being_drained(instances: int, budget: bool, method: str) -> None:
    found = built(instances=instances)
    assert found["enablePDB"] is budget, "a budget guards what another instance can take over"
    assert found["primaryUpdateMethod"] == method, "and a switchover needs one to switch to"


@pytest.mark.parametrize(("spread", "kind"), [(True, "required"), (False, "preferred")])
def test_instances_stand_on_different_nodes(spread: bool, kind: str) -> None:
    assert built(spread=spread)["affinity"]["podAntiAffinityType"] == kind, "two on one node are lost together"


def test_memory_and_kept_logs_follow_the_sizes_of_the_stack_file() -> None:
    found = built(memory="4Gi", size="20Gi")
    assert found["resources"]["limits"]["memory"] == found["resources"]["requests"]["memory"] == "4Gi", "as configured"
    parameters = found["postgresql"]["parameters"]
    assert parameters["shared_buffers"] == "1024MB", "a quarter; the operator refuses more than the request"
    assert parameters["max_slot_wal_keep_size"] == "5120MB", "a lost instance cannot fill the volume of the primary"


def test_each_port_is_open_to_those_alone_who_need_it(update: Recording) -> None:
    policy = update.one("kubernetes:networking.k8s.io/v1:NetworkPolicy", "postgres-ingress").get("spec")
    assert policy["podSelector"] == {"matchLabels": {"cnpg.io/cluster": "postgres"}}, "every pod of the cluster"
    reached: dict[int, set[str]] = {}
    for rule in policy["ingress"]:
        sources = {
            next(iter(one.get("namespaceSelector", one.get("podSelector"))["matchLabels"].values()))
            for one in rule["from"]
        }
        for port in rule["ports"]:
            reached.setdefault(port["port"], set()).update(sources)
    used = {DATABASES[name].namespace for name in named(update, "Database")}
    assert reached == {
        5432: {"postgres", "cnpg-system", *used},
        8000: {"postgres", "cnpg-system"},
        9187: {"monitoring"},
    }, "the instance manager obeys whoever reaches it with the operator's certificate, so nobody else does"
