"""The phases hold in whatever order resources complete, and whatever fails: played through on the recorded graph."""

import heapq
import itertools
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.phase import EARLY
from lib.names import PHASES
from tests.support.engine import Recorded, Recording
from tests.support.program import record_program

UPDATE = record_program(preview=False)
MANAGED = {one.urn: one for one in UPDATE.custom}
IDENTITY_GATE = UPDATE.one("kubernetes:batch/v1:Job", "authentik-api")
GATES = [one for one in UPDATE.of_type("kubernetes:batch/v1:Job") if one.urn in MANAGED]


def play(seed: int, failing: Iterable[Recorded] = ()) -> list[str]:
    """URNs in the order of completion: whatever may start is started, and a random one of those that run completes.

    What fails never completes, so nothing that waits for it ever starts.
    """
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    stuck = {one.urn for one in failing}
    waiting = {urn: len(list(UPDATE.graph.successors(urn))) for urn in UPDATE.graph}
    running = [(chance.random(), urn) for urn, count in waiting.items() if count == 0]
    heapq.heapify(running)
    completed: list[str] = []
    while running:
        _, urn = heapq.heappop(running)
        if urn in stuck:
            continue
        completed.append(urn)
        for follower in UPDATE.graph.predecessors(urn):
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(running, (chance.random(), follower))
    return completed


def members(phase: str) -> set[str]:
    """Those that wait for the gates of earlier phases."""
    return {one.urn for one in UPDATE.custom if UPDATE.phase_of(one) == phase and one.type not in EARLY}


def last_gates(phase: str) -> set[str]:
    """Gates of a phase that no other gate of it waits for."""
    own = [one for one in GATES if UPDATE.phase_of(one) == phase]
    return {one.urn for one in own if not any(one.urn in UPDATE.waits_for(other) for other in own)}


CHAIN = ("cluster", "phase1-infrastructure", "phase2-identity", "phase3-integration", "phase4-services")


@settings(max_examples=40)
@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_no_member_of_a_phase_completes_before_the_gates_of_the_phase_before(seed: int) -> None:
    completed = play(seed)
    place = {urn: position for position, urn in enumerate(completed)}
    assert set(MANAGED) <= set(place), "everything comes up in the end, whatever the order"
    for earlier, later in itertools.pairwise(CHAIN):
        opened = max((place[urn] for urn in last_gates(earlier)), default=-1)
        early = [urn for urn in members(later) if place[urn] < opened]
        assert early == [], f"{later} began before {earlier} was ready"


@pytest.mark.parametrize("phase", [name for name in PHASES if members(name)])
def test_a_phase_that_fails_altogether_touches_no_sibling(phase: str) -> None:
    completed = set(play(1, [one for one in UPDATE.custom if UPDATE.phase_of(one) == phase]))
    siblings = [name for name in PHASES if name not in {phase, *_behind(phase)}]
    late = {name: members(name) - completed for name in siblings}
    assert not any(late.values()), late


def _behind(phase: str) -> set[str]:
    """Phases that build on it, whether at once or through others."""
    direct = {name for name, on in PHASES.items() if phase in on}
    return direct.union(*(_behind(name) for name in direct))


@pytest.mark.parametrize("phase", ["cluster", "phase1-infrastructure", "gitops"])
def test_without_authentik_what_does_not_use_it_is_ready(phase: str) -> None:
    completed = set(play(1, [IDENTITY_GATE]))
    assert members(phase) <= completed, f"{phase} owes nothing to a login"


@pytest.mark.parametrize("phase", ["phase3-integration", "phase4-services"])
def test_without_authentik_nothing_is_begun_that_needs_a_login(phase: str) -> None:
    assert not members(phase) & set(play(1, [IDENTITY_GATE])), f"{phase} waits"


@pytest.mark.failure("login-cycle")
def test_phase_two_comes_up_while_vault_has_no_login(update: Recording) -> None:
    login = update.one("vault:jwt/authBackend:AuthBackend")
    completed = set(play(1, [UPDATE.by_urn[login.urn]]))
    assert members("phase2-identity") <= completed, "Authentik gets its secrets without anybody logging in to Vault"
