"""The table of databases and of users of Valkey: limits that fit together, numbers that nobody shares."""

import math
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

from components.gitea import values as gitea
from components.harbor import values as harbor
from declarations.databases import INITIAL_LIMIT, namespaces
from register.databases import DATABASES, VALKEY_USERS, limits, max_connections
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tests.support.objects import of_kind, releases
from tests.support.program import record_program
from tests.support.wire import walk

STACKS = (SHIPPED, FIXTURES / "valid" / "every-key.yaml")


@hypothesis.given(st.integers(min_value=1, max_value=20))
def test_every_role_can_use_its_limit_at_once(servers: int) -> None:
    free = max_connections(servers) - sum(limits(servers).values()) - INITIAL_LIMIT
    assert 30 <= free < 80, "the reserve is free, and less than a step more than that"


@hypothesis.given(st.integers(min_value=1, max_value=20))
def test_the_maximum_moves_in_steps(servers: int) -> None:
    assert max_connections(servers) % 50 == 0, "each other value would restart every instance"
    assert max_connections(servers) <= max_connections(servers + 1), "more servers never mean less"


def running(values: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """The most pods of each process at once, by the values of the releases and what their charts make of them."""
    authentik, gitea, harbor = values["authentik"], values["gitea"], values["harbor"]
    return {
        "authentik": {
            name: pods(authentik[name]["replicas"], authentik[name]["deploymentStrategy"])
            for name in ("server", "worker")
        },
        "gitea": {"gitea": pods(gitea["replicaCount"], gitea["strategy"])},
        # Only the Deployments with a volume heed the chart's strategy (jobservice-dpl.yaml, not core-dpl.yaml).
        "harbor": {
            "jobservice": pods(1, harbor["updateStrategy"]),
            **{name: pods(harbor.get(name, {}).get("replicas", 1), {}) for name in ("core", "exporter")},
        },
        # Of the matrix-stack chart: Synapse is a StatefulSet, Deployments have `maxSurge: 2` (_workloads.tpl).
        "synapse": {"main": 1},
        "mas": {"server": pods(1, {"rollingUpdate": {"maxSurge": 2}})},
    }


def pods(replicas: int, strategy: Mapping[str, Any]) -> int:
    """Pods of a Deployment while an update rolls; Kubernetes' default is a quarter more, rounded up."""
    if strategy.get("type") == "Recreate":
        return replicas
    surge = strategy.get("rollingUpdate", {}).get("maxSurge")
    return replicas + (math.ceil(replicas / 4) if surge is None else int(surge))


@pytest.mark.parametrize("stack", STACKS, ids=lambda path: path.stem)
def test_a_role_may_hold_what_its_pods_open_while_an_update_rolls(stack: Path) -> None:
    recording = record_program(preview=False, stack_file=stack)
    values = {one.get("name"): one.get("values") for one in releases(recording)}
    roles = {one.get("spec", "name"): one.get("spec", "connectionLimit") for one in of_kind(recording, "DatabaseRole")}
    for name, processes in running(values).items():
        pools = DATABASES[name].pools
        assert pools.keys() == processes.keys(), f"every process of {name}"
        opened = sum(pools[process].size * count for process, count in processes.items())
        assert opened < roles[name], f"new pods of {name} open {opened} connections beside the old ones"
    (cluster,) = of_kind(recording, "Cluster")
    maximum = int(cluster.get("spec", "postgresql", "parameters", "max_connections"))
    assert sum(roles.values()) < maximum, "no role keeps another out"


def test_only_the_limit_of_authentik_follows_its_servers() -> None:
    one, two = limits(1), limits(2)
    assert {name for name in one if one[name] != two[name]} == {"authentik"}, "the others have one process each"
    assert two["authentik"] - one["authentik"] == DATABASES["authentik"].pools["server"].size, "by the pool of a server"


def test_no_two_users_of_valkey_share_a_database() -> None:
    for one, other in combinations(VALKEY_USERS, 2):
        shared = set(VALKEY_USERS[one].databases.values()) & set(VALKEY_USERS[other].databases.values())
        assert shared == set(), f"{one} would read and flush what {other} keeps"


def test_numbers_are_those_that_valkey_has_by_default() -> None:
    numbers = [number for user in VALKEY_USERS.values() for number in user.databases.values()]
    assert len(numbers) == len(set(numbers)), "each use has its own"
    assert max(numbers) < 16, "`databases 16` is Valkey's default"


def test_pools_of_the_values_are_those_of_the_table() -> None:
    values = {one.get("name"): one.get("values") for one in releases(record_program(preview=False))}
    assert values["gitea"]["gitea"]["config"]["database"]["MAX_OPEN_CONNS"] == DATABASES["gitea"].pools["gitea"].size, (
        f"{gitea.__name__} takes it from the table"
    )
    pools = {name: pool.size for name, pool in DATABASES["harbor"].pools.items()}
    assert pools.pop("exporter") <= min(pools.values()), "what serves metrics counts, too, and opens few"
    assert set(pools.values()) == {values["harbor"]["database"]["maxOpenConns"]}, (
        f"{harbor.__name__} takes it from the table; each of core and job service has a pool"
    )


def test_namespaces_are_named_once_and_in_a_steady_order() -> None:
    assert namespaces(DATABASES.values()) == ("authentik", "dns", "dns-internet", "gitea", "harbor", "matrix"), (
        "Synapse and its authentication service share one"
    )


def test_every_client_of_postgres_asks_for_tls() -> None:
    modes = {
        (one.get("name"), value)
        for one in releases(record_program(preview=False))
        for path, value in walk(one.get("values"))
        if str(path[-1]).lower().replace("_", "") == "sslmode"
    }
    assert modes == {
        ("authentik", "require"),
        ("gitea", "verify-full"),
        ("harbor", "verify-full"),
        ("matrix", "require"),
    }, "Postgres refuses any other connection, and whoever knows the CA verifies the name"


def test_who_verifies_the_name_of_postgres_finds_it_in_its_certificate() -> None:
    recording = record_program(preview=False)
    (certificate,) = [one for one in of_kind(recording, "Certificate") if one.get("metadata", "name") == "postgres-tls"]
    values = {one.get("name"): one.get("values") for one in releases(recording)}
    hosts = {
        values["gitea"]["gitea"]["config"]["database"]["HOST"].partition(":")[0],
        values["harbor"]["database"]["external"]["host"],
    }
    assert hosts <= set(certificate.get("spec", "dnsNames")), "another name would be refused"
