"""The table of databases and of users of Valkey: limits that fit together, numbers that nobody shares."""

from itertools import combinations

import hypothesis
import hypothesis.strategies as st
import pytest

from lib.databases import DATABASES, INITIAL_LIMIT, VALKEY_USERS, limits, max_connections, namespaces
from lib.values import gitea, harbor
from tests.support.objects import of_kind, releases
from tests.support.program import record_program
from tests.support.wire import walk


@hypothesis.given(st.integers(min_value=1, max_value=20))
def test_every_role_can_use_its_limit_at_once(servers: int) -> None:
    free = max_connections(servers) - sum(limits(servers).values()) - INITIAL_LIMIT
    assert 30 <= free < 80, "the reserve is free, and less than a step more than that"


@hypothesis.given(st.integers(min_value=1, max_value=20))
def test_the_maximum_moves_in_steps(servers: int) -> None:
    assert max_connections(servers) % 50 == 0, "each other value would restart every instance"
    assert max_connections(servers) <= max_connections(servers + 1), "more servers never mean less"


@pytest.mark.parametrize("name", DATABASES)
def test_a_limit_leaves_room_for_a_migration_beside_full_pools(name: str) -> None:
    assert limits(1)[name] > sum(DATABASES[name].pools.values()), "a new pod migrates while the old one still serves"


def test_only_the_limit_of_authentik_follows_its_servers() -> None:
    one, two = limits(1), limits(2)
    assert {name for name in one if one[name] != two[name]} == {"authentik"}, "the others have one process each"
    assert two["authentik"] - one["authentik"] == DATABASES["authentik"].pools["server"], "by the pool of a server"


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
    assert values["gitea"]["gitea"]["config"]["database"]["MAX_OPEN_CONNS"] == DATABASES["gitea"].pools["gitea"], (
        f"{gitea.__name__} takes it from the table"
    )
    pools = dict(DATABASES["harbor"].pools)
    assert pools.pop("exporter") <= min(pools.values()), "what serves metrics counts, too, and opens few"
    assert set(pools.values()) == {values["harbor"]["database"]["maxOpenConns"]}, (
        f"{harbor.__name__} takes it from the table; each of core and job service has a pool"
    )


def test_namespaces_are_named_once_and_in_a_steady_order() -> None:
    assert namespaces(DATABASES.values()) == ("authentik", "gitea", "harbor", "matrix"), (
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
