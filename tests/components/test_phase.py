"""A phase orders what is in it behind the gates of what it builds on."""

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from hypothesis import given
from hypothesis import strategies as st

from components.phase import Phase, PhaseArgs
from tests.support.components import record_component
from tests.support.engine import record
from tests.support.recording import Recording


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
    found = recording.of_type("random:*RandomPassword")
    return {one.name: frozenset(recording.by_urn[urn].name for urn in one.dependencies) for one in found}


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
