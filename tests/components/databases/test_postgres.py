"""Postgres: a role and a database for each application, limits, TLS, and what it survives."""

from typing import Any

import pytest

from register.databases import DATABASES, limits, max_connections
from tests.components.databases.built import cluster, of_kind, policy, recorded
from tests.support.engine import Recording


@pytest.fixture(scope="module")
def databases() -> Recording:
    return recorded(instances=2)


def test_each_database_has_its_own_role_with_its_own_password(databases: Recording) -> None:
    roles, found = of_kind(databases, "DatabaseRole"), of_kind(databases, "Database")
    assert set(found) == set(roles) == set(DATABASES), "a shared role would let one application read another's data"
    passwords = {role.get("spec", "passwordSecret", "name") for role in roles.values()}
    assert len(passwords) == len(DATABASES), "a shared password is a shared role"


def test_a_database_comes_after_its_role_and_the_cluster(databases: Recording) -> None:
    for name, database in of_kind(databases, "Database").items():
        role = of_kind(databases, "DatabaseRole")[name]
        assert databases.is_after(database, role), f"{name} would be owned by a role that does not exist"
        assert databases.is_after(role, cluster(databases)), "a role needs the cluster"


def test_synapse_gets_the_collation_without_which_it_does_not_start(databases: Recording) -> None:
    spec = of_kind(databases, "Database")["synapse"].get("spec")
    assert (spec["localeCollate"], spec["localeCType"], spec["template"]) == ("C", "C", "template0"), (
        "Synapse refuses any other collation, and only template0 can be copied with one"
    )


def test_data_and_roles_outlive_their_declarations(databases: Recording) -> None:
    for database in of_kind(databases, "Database").values():
        assert database.get("spec", "databaseReclaimPolicy") == "retain", f"{database} would drop the data"
    for role in of_kind(databases, "DatabaseRole").values():
        assert role.get("spec", "databaseRoleReclaimPolicy") == "retain", f"{role} owns data that is kept"


def test_what_is_not_applied_is_not_ready(databases: Recording) -> None:
    awaited = {**of_kind(databases, "Database"), **of_kind(databases, "DatabaseRole")}
    for resource in awaited.values():
        wait_for = resource.get("metadata", "annotations", "pulumi.com/waitFor")
        assert wait_for == "jsonpath={.status.applied}=true", f"{resource} has no Ready condition in its CRD"


def test_the_operator_makes_no_password_of_its_own(databases: Recording) -> None:
    initial = cluster(databases).get("spec", "bootstrap", "initdb")
    assert initial["secret"]["name"] == "postgres-app", "without a Secret the operator would generate one"
    assert not cluster(databases).get("spec", "enableSuperuserAccess"), "nobody needs the superuser"


def test_a_role_has_no_more_connections_than_its_row_of_the_table(databases: Recording) -> None:
    found = {name: role.get("spec", "connectionLimit") for name, role in of_kind(databases, "DatabaseRole").items()}
    assert found == limits(1), "a leak in one application would keep all others from connecting"


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_all_roles_together_leave_connections_of_the_server_free(servers: int) -> None:
    found = recorded(authentik_servers=servers)
    allowed = sum(role.get("spec", "connectionLimit") for role in of_kind(found, "DatabaseRole").values())
    maximum = int(cluster(found).get("spec", "postgresql", "parameters", "max_connections"))
    assert maximum == max_connections(servers), "the table and the server agree"
    assert maximum - allowed >= 20, "metrics, the operator's look and a person need some too"


def test_no_client_connects_without_tls_or_to_the_database_of_another(databases: Recording) -> None:
    rules = [rule.split() for rule in cluster(databases).get("spec", "postgresql", "pg_hba")]
    kind, database, role, source, method = rules[0]
    assert (kind, method) == ("hostssl", "scram-sha-256"), "TLS and a hashed password"
    assert (database, role, source) == ("sameuser", "all", "all"), "each role reaches the database of its name only"
    assert rules[-1] == ["host", "all", "all", "all", "reject"], (
        "the operator's own last rule, which comes after these, admits everyone with a password"
    )


def test_every_name_of_its_services_is_in_the_certificate_that_it_shows(databases: Recording) -> None:
    certificate = databases.one("kubernetes:cert-manager.io/v1:Certificate")
    spec = certificate.get("spec")
    for role in ("rw", "ro", "r"):
        for domain in ("", ".databases", ".databases.svc", ".databases.svc.cluster.local"):
            assert f"postgres-{role}{domain}" in spec["dnsNames"], "clients that verify the name would refuse it"
    shown = cluster(databases).get("spec", "certificates")
    assert set(shown.values()) == {spec["secretName"]}, "certificate and CA come from cert-manager's Secret"
    assert databases.is_after(cluster(databases), certificate), "the operator waits for a Secret that is not there"
    assert spec["secretTemplate"]["labels"] == {"cnpg.io/reload": "true"}, "a renewal reaches the running servers"


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
    found = cluster(recorded(**keys)).get("spec", "postgresql", "synchronous")
    assert found == expected, "the operator refuses a number of replicas that the cluster does not have"


@pytest.mark.parametrize(("instances", "budget", "method"), [(1, False, "restart"), (2, True, "switchover")])
def test_a_single_instance_does_not_keep_its_node_from_being_drained(instances: int, budget: bool, method: str) -> None:
    spec = cluster(recorded(instances=instances)).get("spec")
    assert spec["enablePDB"] is budget, "a budget guards what another instance can take over"
    assert spec["primaryUpdateMethod"] == method, "and a switchover needs one to switch to"


@pytest.mark.parametrize(("spread", "kind"), [(True, "required"), (False, "preferred")])
def test_instances_stand_on_different_nodes(spread: bool, kind: str) -> None:
    affinity = cluster(recorded(spread=spread)).get("spec", "affinity")
    assert affinity["podAntiAffinityType"] == kind, "two on one node are lost together"
    assert affinity["topologyKey"] == "kubernetes.io/hostname", "a node is what fails"


def test_memory_is_bounded_and_a_quarter_of_it_is_the_cache_of_postgres() -> None:
    spec = cluster(recorded(memory="4Gi")).get("spec")
    assert spec["resources"]["limits"]["memory"] == spec["resources"]["requests"]["memory"] == "4Gi", "as configured"
    assert spec["postgresql"]["parameters"]["shared_buffers"] == "1024MB", "the operator refuses more than the request"


def test_a_lost_instance_cannot_fill_the_volume_of_the_primary() -> None:
    kept = cluster(recorded(size="20Gi")).get("spec", "postgresql", "parameters", "max_slot_wal_keep_size")
    assert kept == "5120MB", "without a limit Postgres keeps every log that the lost one has not read"


def test_each_port_is_open_to_those_alone_who_need_it(databases: Recording) -> None:
    spec = policy(databases, "postgres")
    assert spec["podSelector"] == {"matchLabels": {"cnpg.io/cluster": "postgres"}}, "every pod of the cluster"
    reached: dict[int, set[str]] = {}
    for rule in spec["ingress"]:
        sources = {
            next(iter(one.get("namespaceSelector", one.get("podSelector"))["matchLabels"].values()))
            for one in rule["from"]
        }
        for port in rule["ports"]:
            reached.setdefault(port["port"], set()).update(sources)
    assert reached == {
        5432: {"postgres", "cnpg-system", "authentik", "dns", "dns-internet", "gitea", "harbor", "matrix"},
        8000: {"postgres", "cnpg-system"},
        9187: {"monitoring"},
    }, "the instance manager obeys whoever reaches it with the operator's certificate, so nobody else does"
