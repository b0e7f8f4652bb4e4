"""Every secret of the registry is rotated at once on the real engine: no copy of an old value is left anywhere."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import networkx as nx
import pytest

from lab.assurance.leaks import generated_values, scan
from lab.checkout import Stack
from lab.providers.harbor import CONTENT
from lab.providers.kubernetes.cluster import OBJECTS, secret_data
from lab.providers.vault.api import TABLE as VAULT
from lib.secrets import SecretDeclaration
from register.secrets import declare
from reporting import fates
from stack_file.load import load_stack_file
from tests.engine.platform import Outcome, faults_of, unsynced_in, world_of
from tools.secret_listing import JOBS_SECONDS, READERS_SECONDS

pytestmark = pytest.mark.engine


def _rotating(stack: Stack) -> list[SecretDeclaration]:
    return [one for one in declare(load_stack_file(stack.file)) if not one.permanent]


def _old(everything: Outcome, platform: Outcome) -> dict[str, str]:
    """Values of before, of everything that was rotated, with their origin."""
    kept, values = generated_values(everything.stack), generated_values(platform.stack)
    names = {f"{one.name}-{field.name}" for one in _rotating(everything.stack) for field in one.fields}
    rotated = {value: origin for value, origin in values.items() if origin in names}
    stayed = sorted(origin for value, origin in rotated.items() if value in kept)
    assert stayed == [], "each has a new value"
    in_urls = {value.translate(str.maketrans("+/", "-_")).rstrip("="): origin for value, origin in rotated.items()}
    return rotated | in_urls


def test_no_old_value_is_left_in_anything_that_holds_a_copy(everything: Outcome, platform: Outcome) -> None:
    assert everything.result.ok, everything.result.messages()
    old = _old(everything, platform)
    assert len(old) > 25, "the whole registry"
    with world_of(platform.stack) as world:
        before = {found.origin for name in world.tables() for found in scan(name, _text(world.table(name)), old)}
    assert before == set(old.values()), "each of them was somewhere, so the scan would see it"
    with world_of(everything.stack) as world:
        left = [str(found) for name in world.tables() for found in scan(name, _text(world.table(name)), old)]
    assert left == [], "databases, schedules, robots, logins, Secrets, Vault"


def _text(table: Mapping[str, Any]) -> str:
    return json.dumps(table)


def test_whoever_keeps_a_value_in_storage_of_its_own_is_declared(everything: Outcome, platform: Outcome) -> None:
    keepers = {
        f"{one.name}-{field.name}"
        for one in _rotating(everything.stack)
        if one.used_by_program or any(reader.keeps for reader in one.readers)
        for field in one.fields
    }
    old = _old(everything, platform)
    with world_of(platform.stack) as world:
        tables = [name for name in world.tables() if name not in (OBJECTS, VAULT)]
        found = {one.origin: name for name in tables for one in scan(name, _text(world.table(name)), old)}
    assert found, "the lab keeps some, as the services do"
    strange = {origin: table for origin, table in found.items() if origin not in keepers}
    assert strange == {}, "docs/secrets.md does not name the copy"


def test_harbor_holds_the_new_passwords_where_it_copied_them(everything: Outcome) -> None:
    with world_of(everything.stack) as world:
        secrets = {key: secret_data(one) for key, one in world.table(OBJECTS).items() if key.startswith("/Secret/")}
        (harbor,) = world.table(CONTENT).values()
    password = urlsplit(harbor["schedules"]["gc"]["redis_url_reg"]).password
    assert password == secrets["/Secret/harbor/valkey"]["password"], "the garbage collection reaches its cache"
    assert password == secrets["/Secret/databases/valkey-users"]["harbor"], "which takes it"
    for number, robot in harbor["robots"].items():
        name = robot["name"].removeprefix("robot$")
        file = json.loads(secrets[f"/Secret/harbor/registry-{name}"][".dockerconfigjson"])
        assert [one["password"] for one in file["auths"].values()] == [harbor["passwords"][number]], name


def _seconds(everything: Outcome) -> tuple[float, float]:
    """Simulated seconds after a value's new version in Vault: until a Secret of it has it, whereupon its users are
    restarted, and until the last Job has put one into a storage of its own. The longest of each.

    By the lab's latencies along the graph of the state. (Its clock knows no order: what happens to begin after a Job in
    real time is later.)
    """
    state = everything.stack.state() or {}
    resources = {one["urn"]: one for one in state["deployment"]["resources"]}
    edges = [(needed, urn) for urn, one in resources.items() for needed in fates.dependencies(resources, one)]
    done = (one for one in everything.result.events if one["event"] == "done")
    changed = {one["urn"] for one in done if one["op"] not in ("same", "read")}
    at: dict[str, float] = {}
    graph: nx.DiGraph[str] = nx.DiGraph(edges)
    with world_of(everything.stack) as world:
        for urn in nx.topological_sort(graph):
            kind = resources[urn]["type"].rpartition(":")[2]
            latency = faults_of(world).latency((kind,)) if urn in changed else 0
            at[urn] = max((at[needed] for needed in graph.predecessors(urn)), default=0) + latency
    kept = {_name(urn): urn for urn in at if resources[urn]["type"].endswith(":SecretV2")}
    asked = {_place(resources[urn]): urn for urn in at if resources[urn]["type"].endswith("/v1:ExternalSecret")}
    rotating = _rotating(everything.stack)
    late = [
        at[asked[reader.namespace, reader.secret]] - at[kept[f"{one.name}-kv"]]
        for one in rotating
        for reader in one.readers
        if (reader.namespace, reader.secret) in asked
    ]
    assert len(late) > len(rotating) / 2, "nearly all reach pods by External Secrets"
    return max(late), max(at[urn] for urn in changed if urn in at and resources[urn]["type"].endswith(":Job"))


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _place(resource: Mapping[str, Any]) -> tuple[str, str]:
    metadata = resource["outputs"]["metadata"]
    return metadata["namespace"], metadata["name"]


def test_flux_gets_in_with_the_new_password(everything: Outcome) -> None:
    assert unsynced_in(everything.stack) is None, "Gitea was told of it, and Reflector has taken it to Flux"


def test_the_page_says_how_long_a_rotation_takes(everything: Outcome) -> None:
    readers, jobs = _seconds(everything)
    assert readers <= READERS_SECONDS, "no Secret and no restart is later: nothing on their way waits for a gate"
    assert jobs == JOBS_SECONDS, "write it into tools/secret_listing.py, then make generate"
