"""Chains of the stack file: each stage waits for what it uses and nothing else, and touches nothing of the platform."""

import json
from collections.abc import Iterator, Mapping, Sequence

import pytest

from components.phase import EARLY
from lib.kubernetes import CLUSTER_SCOPED, digest
from register.phases import built_on
from settings.chain_types import ManifestFile
from stack_file.load import load_stack_file
from stack_file.secrets import GIVEN, problems
from tests.stack_file.cases import is_good
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recorded, Recording
from tests.support.objects import RELEASE, key_of, namespace_of, objects, of_kind
from tests.support.program import record_program, secret_values
from tests.support.recording import STASH

STACK_FILE = FIXTURES / "valid" / "chains.yaml"
SETTINGS = load_stack_file(STACK_FILE)
STAGE = "home-cluster:chain/stage:Stage"


@pytest.fixture(scope="module")
def chains() -> Recording:
    return record_program(preview=False, stack_file=STACK_FILE)


def _home(recording: Recording, one: Recorded) -> str | None:
    """The stage that a resource belongs to, else its phase."""
    stage = next((above.name for above in recording.ancestors(one) if above.type == STAGE), None)
    return stage or recording.phase_of(one)


def _of_chains(recording: Recording) -> list[Recorded]:
    return [one for one in recording.custom if str(recording.phase_of(one)).startswith("chain-")]


def _in_turn(table: Mapping[str, Sequence[str]], name: str) -> set[str]:
    return {one for direct in table[name] for one in (direct, *_in_turn(table, direct))}


def _waited_for(recording: Recording, stage: Recorded) -> Iterator[str | None]:
    for member in recording.below(stage):
        if member.custom and member.type not in (*EARLY, STASH):
            found = (recording.by_urn[urn] for urn in recording.waits_for(member))
            yield from (_home(recording, one) for one in found if one.type not in EARLY)


def test_each_stage_waits_for_what_the_table_says_and_for_nothing_else(chains: Recording) -> None:
    table, there = built_on(SETTINGS), {phase.name for phase in chains.phases}
    stages = chains.of_type(STAGE)
    assert [one.name for one in stages] == [name for name in table if name not in there and name.startswith("chain-")]
    there |= {one.name for one in stages}
    for stage in stages:
        waits = {*_waited_for(chains, stage)} - {stage.name, None}
        assert waits == _in_turn(table, stage.name) & there, stage.name


def test_what_a_stage_needs_it_waits_for_before_anything_of_it_begins(chains: Recording) -> None:
    for stage, needed in (
        ("chain-shop-cache", ("chain-shop-cache-users", "chain-shop-database-conditions", "chain-tools-cluster-*")),
        ("chain-shop-cache", ("chain-shop-shop-data-quota", "chain-shop-shop-data-limits")),
        ("chain-shop-web", ("gitea-content", "login-shop-discovery", "chain-shop-oidc-shop-shop", "chain-shop-cache")),
    ):
        gates = chains.one(STASH, f"{stage}-gates")
        members = [one for one in chains.below(chains.one(STAGE, stage)) if one.type == RELEASE]
        assert members, "each has a release"
        for name in needed:
            first = next(one for one in chains.named(name) if one.custom)
            assert first.urn in gates.dependencies or _stands_for(chains, gates, first), f"{stage} waits for {name}"
        passed = chains.one(STASH, f"{stage}-gates-passed").urn
        assert all(passed in one.dependencies for one in members), "and all of the stage for that"


def _stands_for(recording: Recording, gates: Recorded, first: Recorded) -> bool:
    """Whether a barrier waits for what another one stands for."""
    stood = (recording.by_urn[recording.by_urn[urn].parent] for urn in gates.dependencies)
    return any(first.urn in one.dependencies for one in stood if one.type == STASH)


def test_what_no_stage_depends_on_stands_alone(chains: Recording) -> None:
    reader = [one for one in chains.below(chains.one(STAGE, "chain-tools-reader")) if one.custom]
    homes = {_home(chains, chains.by_urn[urn]) for one in reader for urn in chains.waits_for(one)}
    assert homes - {None} == {"cluster", "chain-tools", "chain-tools-reader"}, "a failed login must not hold it back"


def test_a_chain_writes_into_its_own_namespaces_and_under_names_of_its_own(chains: Recording) -> None:
    own = {name for chain in SETTINGS.chains.values() for name in chain.namespaces}
    gate = {"kube-system"}  # the gates of `conditions`, which the program makes itself
    strange = [
        str(one)
        for one in _of_chains(chains)
        if (namespace_of(one) if one.type == RELEASE else key_of(one).namespace) not in {*own, *gate, ""}
    ]
    assert strange == [], "the platform's namespaces have one writer"
    wide = {key_of(one).name for one in _of_chains(chains) if one.get("kind") in CLUSTER_SCOPED}
    assert wide == {"chain-tools-reader", "chain-shop-database-conditions", "chain-shop-cache-conditions"}
    others = {key_of(one).name for one in objects(chains) if one not in _of_chains(chains)}
    assert [name for name in others if name.startswith("chain-")] == [], "so no name of a chain can be one of those"


def test_every_namespace_of_a_chain_is_shut_and_bounded(chains: Recording) -> None:
    for chain in SETTINGS.chains.values():
        for name, declared in chain.namespaces.items():
            (quota,) = (one for one in of_kind(chains, "ResourceQuota") if key_of(one).namespace == name)
            assert quota.get("spec", "hard") == {"requests.memory": declared.memory}
            (limits,) = (one for one in of_kind(chains, "LimitRange") if key_of(one).namespace == name)
            (container,) = limits.get("spec", "limits")
            assert container["default"] == {"memory": declared.container_memory}
            assert container["defaultRequest"]["memory"] == "128Mi", (
                "or the quota would refuse a pod that asks for none"
            )
            assert "cluster-ca" in {
                key_of(one).name for one in of_kind(chains, "ConfigMap") if key_of(one).namespace == name
            }
    (policy,) = (one for one in of_kind(chains, "NetworkPolicy") if key_of(one).namespace == "shop")
    peers = [peer for rule in policy.get("spec", "ingress") for peer in rule.get("from", ())]
    named = [
        next(iter(one["namespaceSelector"]["matchLabels"].values())) for one in peers if "namespaceSelector" in one
    ]
    assert named == ["traefik", "monitoring"], "what the stack file says, and nothing else"


def test_objects_are_what_the_stack_file_and_its_files_say(chains: Recording) -> None:
    (file,) = SETTINGS.chains["shop"].stages[0].files
    assert isinstance(file, ManifestFile)
    made = {key_of(one): one for one in _of_chains(chains) if one.type != RELEASE}
    for said in file.objects:
        (one,) = (one for key, one in made.items() if (key.kind, key.name) == (said["kind"], said["metadata"]["name"]))
        assert one.inputs == said
    assert chains.one("kubernetes:core/v1:ServiceAccount", "chain-tools-tools-serviceaccount-reader").type, "as the SDK"


def test_a_condition_is_asked_for_where_the_object_lies(chains: Recording) -> None:
    gate = chains.one("kubernetes:batch/v1:Job", "chain-shop-database-conditions")
    assert "/apis/postgresql.cnpg.io/v1/namespaces/shop-data/clusters/shop=Ready" in json.dumps(gate.inputs)


def test_a_condition_is_asked_for_again_after_each_new_release_of_its_stage(chains: Recording) -> None:
    release = chains.one(RELEASE, "chain-shop-cache")
    gate = chains.one("kubernetes:batch/v1:Job", "chain-shop-cache-conditions")
    known = digest("valkey", release.get("version"), json.dumps(release.get("values"), sort_keys=True))
    assert gate.get("spec", "template", "metadata", "annotations", "home-cluster/proves") == known
    assert chains.is_after(gate, release)


def test_a_secret_of_a_stage_comes_from_the_registry(chains: Recording) -> None:
    one = chains.one("kubernetes:*:ExternalSecret", "chain-shop-cache-users")
    assert one.get("spec", "data", 0, "remoteRef") == {"key": "platform/shop/api", "property": "token"}
    assert one.get("spec", "target", "template", "data")["default"] == "{{ .token }}"
    assert one.get("spec", "target", "template", "metadata", "labels") == {"example.com/reload": "true"}
    assert one.get("spec", "target", "template", "type") == "example.com/users"
    store = chains.one("kubernetes:*:ClusterSecretStore")
    assert "shop-data" in store.get("spec", "conditions", 0, "namespaces"), "which lets that namespace read"
    assert [one for one in chains.named("extra-shop-api") if one.custom] == [], "nobody wants a copy"


def test_a_given_value_is_the_one_that_somebody_brought(chains: Recording) -> None:
    brought = json.loads(secret_values()[GIVEN])["shop/bank"]
    written = chains.one("vault:kv/secretV2:SecretV2", "shop-bank-kv")
    assert json.loads(written.get("dataJson")) == brought, "and none is made up beside it"
    assert written.is_secret("dataJson")
    assert [one for one in chains.named("shop-bank-*") if one.type.startswith("random:")] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, ["givenSecrets: is missing"]),
        ("hunter2", ["givenSecrets: does not say values by path and field"]),
        ('{"shop/bank": {"key": ""}}', ["givenSecrets: does not say values by path and field"]),
        (
            '{"shop/bank": {"key": "hunter2", "kye": "hunter2"}}',
            ["givenSecrets: has no value of secrets.extra.shop/bank.fields.account"],
        ),
    ],
)
def test_values_that_are_missing_are_told(text: str | None, says: list[str]) -> None:
    others = {name: value for name, value in secret_values().items() if name != GIVEN}
    found = [line for line in problems({**others, **({GIVEN: text} if text else {})}.get, SETTINGS) if GIVEN in line]
    assert [line[: len(said)] for line, said in zip(found, says, strict=True)] == says
    assert all(is_good(line) for line in found), "key, clash and fix"
    assert not any("hunter2" in line for line in found), "without a word of a value"


def test_a_volume_of_a_chain_is_backed_up_beside_what_writes_to_it(chains: Recording) -> None:
    volume = SETTINGS.chains["shop"].volumes["orders"]
    job = chains.one("kubernetes:batch/v1:CronJob", "volume-orders")
    pod = job.get("spec", "jobTemplate", "spec", "template", "spec")
    assert chains.phase_of(job) == "chain-shop"
    assert {"name": "data", "persistentVolumeClaim": {"claimName": volume.claim}} in pod["volumes"]
    [beside] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert beside["labelSelector"]["matchLabels"] == volume.labels
    assert pod["securityContext"]["runAsUser"] == volume.user, "who else could read the files"
    told = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert (told["NAMESPACE"], told["WORKLOAD"], told["QUIESCE"]) == ("shop-data", "statefulsets/orders", "true")
    (rules,) = (one.get("rules") for one in of_kind(chains, "Role") if key_of(one).name == "volume-orders")
    assert {name for rule in rules for name in rule.get("resourceNames", ())} == {volume.workload}
    made = [key_of(one).name for one in of_kind(chains, "ExternalSecret") if key_of(one).namespace == "shop-data"]
    assert {"volume-orders", "volume-pictures"} <= set(made), "two backups of a namespace do not write into one Secret"
