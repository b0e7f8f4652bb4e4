"""A phase orders what is in it behind the gates of what it builds on."""

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from hypothesis import given
from hypothesis import strategies as st

from components.barrier import behind, passed
from components.phase import Phase, PhaseArgs
from tests.support.components import record_component
from tests.support.engine import Run, record
from tests.support.recording import STASH, Recorded, Recording
from tests.support.wire import UNKNOWN


class _Group(pulumi.ComponentResource):
    """Creates `<name>-inner`."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("test:group:Group", name, None, opts)
        random.RandomPassword(f"{name}-inner", length=16, opts=pulumi.ResourceOptions(parent=self))


def _two_phases(opts: pulumi.ResourceOptions) -> None:
    first = Phase("first", PhaseArgs(), opts)
    gate = random.RandomPassword("gate", length=16, opts=pulumi.ResourceOptions(parent=first))
    random.RandomPassword("aside", length=16, opts=pulumi.ResourceOptions(parent=first))
    second = Phase("second", PhaseArgs(after=[gate]), opts)
    _Group("group", pulumi.ResourceOptions(parent=second))


def _passwords(recording: Recording) -> dict[str, frozenset[str]]:
    """Names of what each password waits for; for a barrier, of the gates that it stands for."""
    return {one.name: _waits(recording, one) for one in recording.of_type("random:*RandomPassword")}


def _waits(recording: Recording, one: Recorded) -> frozenset[str]:
    waits = [recording.by_urn[urn] for urn in one.dependencies]
    direct = frozenset(other.name for other in waits if other.type != STASH)
    return direct.union(*(_waits(recording, recording.by_urn[other.parent]) for other in waits if other.type == STASH))


def test_every_resource_below_a_phase_waits_for_the_gates_however_deep_it_lies() -> None:
    waits = _passwords(record_component(_two_phases))
    assert waits["group-inner"] == {"gate"}, "a grandchild waits for the gate and for nothing else of the first phase"


def test_a_phase_without_gates_holds_nothing_back() -> None:
    waits = _passwords(record_component(_two_phases))
    assert waits["gate"] == waits["aside"] == frozenset(), "the first phase starts at once"


def test_a_phase_shows_in_the_name_of_everything_in_it() -> None:
    recording = record_component(_two_phases)
    inner = recording.one("random:*", "group-inner")
    assert recording.phase_of(inner) == "second", "the phase is an ancestor"
    assert "home-cluster:phase:Phase$" in inner.urn, "and its type shows in the URN"


def test_a_phase_adds_to_the_dependencies_of_a_member_and_keeps_them() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        gate = random.RandomPassword("gate", length=16, opts=opts)
        phase = Phase("phase", PhaseArgs(after=[gate]), opts)
        before = random.RandomPassword("before", length=16, opts=pulumi.ResourceOptions(parent=phase))
        random.RandomPassword("member", length=16, opts=pulumi.ResourceOptions(parent=phase, depends_on=[before]))

    waits = _passwords(record_component(build))
    assert waits["member"] == {"gate", "before"}, "its own dependency and the gate"


def test_a_provider_made_inside_a_phase_waits_too() -> None:
    def build() -> None:
        gate = random.RandomPassword("gate", length=16)
        phase = Phase("phase", PhaseArgs(after=[gate]))
        k8s.Provider("inside", kubeconfig="{}", opts=pulumi.ResourceOptions(parent=phase))

    recording = record(build)
    assert recording.is_after(recording.one("pulumi:providers:*", "inside"), recording.one("random:*")), (
        "what it talks to may exist only after the gate"
    )


def test_members_use_the_providers_of_the_phase() -> None:
    recording = record_component(_two_phases)
    provider = recording.one("pulumi:providers:random")
    used = {one.provider for one in recording.of_type("random:*RandomPassword") if one.parent}
    assert used == {provider.urn}, "a provider is inherited through phase and component"


def test_namespaces_and_external_secrets_wait_for_no_gate() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        gate = random.RandomPassword("gate", length=16, opts=opts)
        phase = Phase("phase", PhaseArgs(after=[gate]), opts)
        child = pulumi.ResourceOptions(parent=phase)
        namespace = k8s.core.v1.Namespace("namespace", metadata={"name": "one"}, opts=child)
        k8s.core.v1.ConfigMap("other", metadata={"namespace": namespace.metadata.name}, opts=child)
        k8s.apiextensions.CustomResource(
            "secret",
            api_version="external-secrets.io/v1",
            kind="ExternalSecret",
            metadata={"namespace": namespace.metadata.name},
            opts=child,
        )

    recording = record_component(build)
    gate = recording.one("random:*", "gate")
    late = [one.name for one in recording.of_type("kubernetes:*") if recording.is_after(one, gate)]
    assert late == ["other"], "a renewed secret reaches its readers whatever has still to be proven"


def test_a_barrier_stands_for_its_gates_without_dependencies_of_its_own() -> None:
    recording = record_component(_two_phases)
    passed = recording.one(STASH, "second-gates-passed")
    assert passed.dependencies == frozenset(), "so that what depends on it does not depend on all paths behind it"
    assert recording.is_after(passed, recording.one("random:*", "gate")), "by its parent"


def test_a_value_behind_a_gate_stays_what_it_was_and_depends_on_the_gate_alone() -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        source = random.RandomPassword("source", length=16, opts=opts)
        gate = passed("gate", random.RandomPassword("proof", length=16, opts=opts))
        random.RandomPassword("user", length=16, keepers={"value": behind(gate, source.result)}, opts=opts)

    recording = record_component(build)
    user = recording.one("random:*", "user")
    assert user.dependencies == {recording.one(STASH, "gate").urn}, "not on what the value comes from"
    assert user.get("keepers", "value"), "it is there"
    assert user.is_secret("keepers", "value"), "and as secret as before"
    before = record_component(build, Run(preview=True)).one("random:*", "user")
    assert before.get("keepers", "value") is UNKNOWN, "in a preview as unknown as before"


@given(st.lists(st.sets(st.integers(min_value=0, max_value=5)), min_size=1, max_size=6))
def test_phases_wait_for_exactly_the_phases_they_build_on(plan: list[set[int]]) -> None:
    """`plan[n]` holds the places of earlier phases that phase n builds on; later places are ignored."""
    builds_on = [{place for place in wanted if place < index} for index, wanted in enumerate(plan)]

    def build(opts: pulumi.ResourceOptions) -> None:
        gates: list[pulumi.Resource] = []
        for index, wanted in enumerate(builds_on):
            phase = Phase(f"phase{index}", PhaseArgs(after=[gates[place] for place in sorted(wanted)]), opts)
            gates.append(random.RandomPassword(f"gate{index}", length=16, opts=pulumi.ResourceOptions(parent=phase)))

    waits = _passwords(record_component(build))
    for index, wanted in enumerate(builds_on):
        assert waits[f"gate{index}"] == {f"gate{place}" for place in wanted}, f"phase {index} of {builds_on}"
