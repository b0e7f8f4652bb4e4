"""Vault and Authentik on the real engine: each comes up without the other's login."""

from pathlib import Path

import pytest

from components.authentik.blueprints import paths
from lab.providers.authentik.identity import APPLIED
from lab.providers.catalogue import open_site
from lab.providers.kubernetes.jobs import run_now
from tests.engine.platform import Outcome, copy_of, phases_of, statuses, unsynced_in, world_of

pytestmark = pytest.mark.engine


def test_without_authentik_the_phases_behind_it_wait_and_say_so(without_authentik: Outcome) -> None:
    assert not without_authentik.result.ok, "the command fails"
    assert statuses(without_authentik.result) == {
        "cluster": "ready",
        "phase1-infrastructure": "ready",
        "phase2-identity": "failed",
        "phase3-integration": "blocked",
        "phase4-services": "blocked",
        "dns": "ready",
        "gitops": "ready",
        "chain-observability": "ready",
    }, "what owes nothing to a login is there; the rest waits for the one thing that is broken"
    assert 'secrets "flux-repository" not found' in (unsynced_in(without_authentik.stack) or ""), (
        "Flux is there before Gitea is, says what it lacks, and holds back nothing"
    )


def test_the_phase_table_says_what_is_wrong_with_authentik(without_authentik: Outcome) -> None:
    (identity,) = [one for one in phases_of(without_authentik.result).ordered() if one.name == "phase2-identity"]
    assert [urn.rsplit("::", 1)[-1] for urn in identity.failed] == ["authentik-api"], "the gate, and nothing behind it"


def test_phase_two_comes_up_while_vault_has_no_login(without_login: Outcome) -> None:
    found = statuses(without_login.result)
    assert (found["phase1-infrastructure"], found["phase2-identity"]) == ("ready", "ready"), (
        "Authentik needs Vault's secrets, and nobody who logs in to Vault"
    )
    assert (found["phase3-integration"], found["phase4-services"]) == ("failed", "blocked"), "the joint is what failed"


def test_a_membership_added_by_hand_is_taken_back_and_told(platform: Outcome, tmp_path: Path) -> None:
    users = paths.path(paths.USERS)
    with world_of(copy_of(platform.stack, tmp_path / "by-hand")) as world:
        site, declared = open_site(world, grace=0, pace=0), world.table(APPLIED)[users]
        assert declared["groups"]["admins"] == ["jane"], "as the stack file says"
        nothing = run_now(site, "authentik", "blueprint-users-apply-again")
        assert nothing.get("succeeded"), "nobody had changed anything"
        by_hand = {**declared["groups"], "admins": ["jane", "rita"]}
        world.put(APPLIED, users, {**declared, "groups": by_hand}, sealed=True)
        told = run_now(site, "authentik", "blueprint-users-apply-again")
        assert world.table(APPLIED)[users] == declared, "the scheduled run knows who belongs there"
    assert told.get("failed"), "a run that corrects is seen (docs/adr/0027)"
    assert "core/groups admins: users was ['jane', 'rita'], is ['jane']" in told["messages"][0], "and says what"
