"""The phases come in their order, hold everything, and wait for what they build on and for nothing else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from components.phase import EARLY
from lib.names import PHASES
from register.phases import built_on
from stack_file.load import load_stack_file
from tests.stack_file.stacks import FIXTURES
from tests.support.engine import Recorded, Recording
from tests.support.program import STACK_FILE, record_program
from tests.support.recording import STASH
from tests.support.variants import in_own_zones

ORDER = [name for name in PHASES if name not in ("certificates", "monitoring", "backup", "edge")]
"""Those of test-cluster, whose certificates nobody has to order, which nobody watches or backs up, and no edge has."""
PRIMARY = ORDER[:-2]
"""The chain; dns stands beside it on phase 1, and gitops on the cluster."""


def _members(recording: Recording, phase: str) -> list[Recorded]:
    return [one for one in recording.custom if recording.phase_of(one) == phase]


def test_the_phases_are_those_of_the_design_in_their_order(program: Recording) -> None:
    names = [phase.name for phase in program.phases]
    assert sorted(names) == sorted(ORDER), "no phase more and no phase less than docs/architecture.md"
    assert [name for name in names if name in PRIMARY] == PRIMARY, "in the order in which they can come up"
    assert all(phase.parent == "" for phase in program.phases), "phases stand side by side"


@pytest.mark.failure("waits-for-itself")
def test_no_phase_waits_for_a_later_one(program: Recording) -> None:
    place = {name: index for index, name in enumerate(PRIMARY)}
    backwards = [
        f"{one} waits for {program.by_urn[urn]}"
        for one in program.custom
        if (own := place.get(str(program.phase_of(one)))) is not None
        for urn in program.waits_for(one)
        if (other := place.get(str(program.phase_of(program.by_urn[urn])))) is not None and other > own
    ]
    assert backwards == [], "the circle between Vault and Authentik is broken in time"


EVERY_KEY = FIXTURES / "valid" / "every-key.yaml"
"""With zones of its own, and a provider that answers the challenges."""


@pytest.mark.parametrize(
    ("made", "stack_file", "solver"),
    [
        (lambda: record_program(preview=False), STACK_FILE, None),
        (lambda: record_program(preview=False, stack_file=EVERY_KEY), EVERY_KEY, "cloudflare"),
        (in_own_zones, STACK_FILE, "rfc2136"),
    ],
    ids=["own CA", "provider", "own zones"],
)
def test_the_table_says_which_phases_wait_for_which(
    made: Callable[[], Recording], stack_file: Path, solver: str | None
) -> None:
    """By it `make status` says what a phase waits for, and the demo whom a failure may hold back."""
    program, settings = made(), load_stack_file(stack_file)
    certificates = settings.certificates.model_copy(update={"solver": solver})
    table = built_on(settings.model_copy(update={"certificates": certificates}))
    there = {phase.name for phase in program.phases}
    waits = {phase: {program.phase_of(one) for one in _waited_for(program, phase)} - {phase, None} for phase in there}
    assert waits == {phase: _in_turn(table, phase) & there for phase in there}
    for phase in there:
        early = {
            program.phase_of(program.by_urn[urn]) for one in _members(program, phase) for urn in program.waits_for(one)
        }
        assert early - {phase, None} <= waits[phase], f"what waits for no gate of {phase} would be held back as well"


def _waited_for(program: Recording, phase: str) -> Iterator[Recorded]:
    for member in _members(program, phase):
        if member.type not in EARLY:
            found = (program.by_urn[urn] for urn in program.waits_for(member))
            yield from (one for one in found if one.type not in EARLY)


def _in_turn(table: Mapping[str, Sequence[str]], phase: str) -> set[str]:
    return {one for direct in table[phase] for one in (direct, *_in_turn(table, direct))}


def _gates(recording: Recording, phase: str) -> list[Recorded]:
    """What the barrier before a phase waits for."""
    return list(_behind(recording, recording.one(STASH, f"{phase}-gates")))


def _behind(recording: Recording, barrier: Recorded) -> Iterator[Recorded]:
    """What a barrier stands for: a stash below a gate for the gate, one below another barrier for all of that."""
    for gate in (recording.by_urn[urn] for urn in sorted(barrier.dependencies)):
        stood_for = recording.by_urn[gate.parent] if gate.type == STASH else gate
        if stood_for.type == STASH:
            yield from _behind(recording, stood_for)
        else:
            yield stood_for


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(PRIMARY)))
def test_every_member_waits_for_the_gates_of_the_phase_before(program: Recording, earlier: str, later: str) -> None:
    passed = program.one(STASH, f"{later}-gates-passed")
    without = [
        str(one) for one in _members(program, later) if one.type not in EARLY and passed.urn not in one.dependencies
    ]
    assert without == [], f"all of {later} is behind one barrier"
    gates = _gates(program, later)
    assert {program.phase_of(gate) for gate in gates} == {earlier}, "and that waits for the phase before"
    kinds = {gate.type for gate in gates}
    assert "kubernetes:core/v1:ConfigMap" not in kinds, "a gate is something that becomes ready"


@pytest.mark.failure("secrets-before-their-store")
def test_the_way_of_a_secret_waits_for_no_gate_of_a_phase(program: Recording) -> None:
    """Otherwise a renewed secret would reach its readers in phase 4 when all of phases 2 and 3 was proven again."""
    own_way = {"kubernetes:external-secrets.io/v1:ClusterSecretStore", "vault:kv/secretV2:SecretV2", *EARLY, STASH}
    own_way |= {"kubernetes:core/v1:ConfigMap"}  # the blueprint that must be there before the Secret it reads
    secrets = program.of_type("kubernetes:external-secrets.io/v1:ExternalSecret")
    assert {program.phase_of(one) for one in secrets} >= set(PRIMARY[1:]), "all phases have secrets"
    strange = [
        f"{one} waits for {program.by_urn[urn]}"
        for one in secrets
        for urn in one.dependencies
        if program.by_urn[urn].type not in own_way or program.by_urn[urn].name.endswith("-gates-passed")
    ]
    assert strange == [], "its namespace, the store and its version in Vault"
    late = {program.phase_of(one) for one in program.of_type("kubernetes:core/v1:Namespace")} - {"cluster"}
    assert late, "namespaces belong to the later phases too"


@pytest.mark.parametrize("phase", PRIMARY)
def test_a_phase_ends_in_a_gate_that_something_in_the_cluster_opens(update: Recording, phase: str) -> None:
    last = phase == PRIMARY[-1]
    gates = _members(update, phase) if last else _gates(update, PRIMARY[PRIMARY.index(phase) + 1])
    jobs = [one for one in gates if one.type == "kubernetes:batch/v1:Job"]
    conditions = [one for one in gates if "pulumi.com/waitFor" in (one.get("metadata", "annotations") or {})]
    assert jobs or conditions, "a Job that proved it or a condition that was awaited, never a sleep"


CHAIN = [
    ("vault:kv/secretV2:SecretV2", "*", "kubernetes:batch/v1:Job", "vault-gate"),
    ("kubernetes:external-secrets.io/v1:ClusterSecretStore", "*", "kubernetes:batch/v1:Job", "vault-gate"),
    ("kubernetes:external-secrets.io/v1:ExternalSecret", "*", "kubernetes:*:ClusterSecretStore", "*"),
    ("kubernetes:helm.sh/v3:Release", "authentik-release", "kubernetes:*:ExternalSecret", "external-secrets-probe"),
    ("authentik:index/blueprint:Blueprint", "*", "kubernetes:helm.sh/v3:Release", "authentik-release"),
    ("vault:jwt/authBackend:AuthBackend", "*", "kubernetes:batch/v1:Job", "login-vault-discovery"),
    ("kubernetes:helm.sh/v3:Release", "gitea-release", "kubernetes:batch/v1:Job", "vault-oidc-gate"),
    ("kubernetes:helm.sh/v3:Release", "harbor-release", "kubernetes:batch/v1:Job", "vault-oidc-gate"),
    ("kubernetes:helm.sh/v3:Release", "matrix-release", "kubernetes:batch/v1:Job", "vault-oidc-gate"),
    ("kubernetes:helm.sh/v3:Release", "gitea-release", "kubernetes:batch/v1:Job", "login-gitea-discovery"),
    ("kubernetes:helm.sh/v3:Release", "harbor-release", "kubernetes:batch/v1:Job", "login-harbor-discovery"),
    ("kubernetes:helm.sh/v3:Release", "matrix-release", "kubernetes:batch/v1:Job", "login-matrix-discovery"),
]


@pytest.mark.parametrize(("later", "later_name", "earlier", "earlier_name"), CHAIN)
def test_the_bring_up_has_the_order_of_the_plan(
    program: Recording, later: str, later_name: str, earlier: str, earlier_name: str
) -> None:
    first = program.one(earlier, earlier_name)
    followers = [one for one in program.of_type(later) if one in program.named(later_name)]
    assert followers, f"the program has {later} {later_name}"
    early = [str(one) for one in followers if not program.is_after(one, first)]
    assert early == [], f"these could start before {first} is there"


def test_gitops_needs_the_cluster_and_nothing_above_it(program: Recording) -> None:
    above = set(PRIMARY) - {"cluster"}
    strange = [
        f"{one} waits for {program.by_urn[urn]}"
        for one in _members(program, "gitops")
        for urn in program.waits_for(one)
        if program.phase_of(program.by_urn[urn]) in above
    ]
    assert strange == [], "a failed login must not hold back what is needed to look at it"


@pytest.mark.failure("failure-that-spreads")
def test_the_services_do_not_wait_for_each_other(program: Recording) -> None:
    services = {one.name: one for one in program.components if program.by_urn.get(one.parent) in program.phases}
    names = [name for name in ("gitea", "harbor", "matrix") if name in services]
    assert len(names) == 3, "three services"
    for name in names:
        waits = {urn for one in program.below(services[name]) if one.custom for urn in program.waits_for(one)}
        for other in set(names) - {name}:
            strange = [str(one) for one in program.below(services[other]) if one.urn in waits]
            assert strange == [], f"{name} would not come up while {other} is broken"


def test_a_preview_shows_every_resource_that_an_update_makes(update: Recording, preview: Recording) -> None:
    assert {one.urn for one in preview.resources} == {one.urn for one in update.resources}, (
        "a resource that depends on a value known only later would be missing from the plan"
    )
    for one in update.resources:
        # A value that is chosen once another is known brings its own dependencies only then.
        assert preview.by_urn[one.urn].dependencies <= one.dependencies, f"{one} waits for nothing else in a preview"
