"""A Vault that stays sealed holds back what needs it and nothing else, and the next update goes on from there."""

import pytest

from lab.driver import Result
from tests.engine.platform import Outcome, phases_of, statuses

pytestmark = pytest.mark.engine


def _steps(result: Result, kind: str) -> list[dict[str, str]]:
    """Events of that kind: `start`, `done` or `failed` of a resource."""
    return [event for event in result.events if event["event"] == kind]


def _names(events: list[dict[str, str]]) -> set[str]:
    return {event["urn"].rsplit("::", 1)[-1] for event in events}


def test_a_sealed_vault_blocks_the_phases_behind_it_and_no_other(sealed: Outcome) -> None:
    assert not sealed.result.ok, "the command fails"
    assert statuses(sealed.result) == {
        "cluster": "ready",
        "phase1-infrastructure": "failed",
        "phase2-identity": "blocked",
        "phase3-integration": "blocked",
        "phase4-services": "blocked",
        "dns": "blocked",
        "gitops": "ready",
        "chain-observability": "ready",
    }, "GitOps needs the cluster and no secret of Vault"


def test_what_was_there_before_the_api_answered_is_not_made_anew(sealed: Outcome) -> None:
    again = [event["urn"] for event in _steps(sealed.result, "start") if event["op"] not in ("create", "same", "read")]
    assert [urn for urn in again if "::pulumi:pulumi:Stack::" not in urn] == [], "nobody had to clean anything up"


def test_the_phase_table_says_that_vault_is_sealed(sealed: Outcome) -> None:
    (failed,) = [phase for phase in phases_of(sealed.result).ordered() if phase.failed]
    assert [urn.rsplit("::", 1)[-1] for urn in failed.failed] == ["vault-gate"], "the gate, and nothing behind it"
    assert "vault-0.vault-internal:8200 is sealed" in failed.message, "what its script saw last, in one line"


def test_what_needs_no_vault_comes_up_beside_a_sealed_one(sealed: Outcome) -> None:
    made = _names(_steps(sealed.result, "done"))
    assert {"postgres-operator", "external-secrets-release", "databases-namespace"} <= made, (
        "operators and namespaces of phase 1 depend on the cluster alone"
    )
    assert not {"postgres-cluster", "valkey-release", "authentik-release", "gitea-release"} & made, (
        "whatever reads a secret waits for it"
    )


def test_nobody_talks_to_a_sealed_vault(sealed: Outcome) -> None:
    begun = [event["urn"] for event in _steps(sealed.result, "start") if event["type"].startswith("vault:")]
    assert begun == [], "its provider is not even configured"


def test_the_last_update_goes_on_where_the_one_before_stopped(recovered: Outcome) -> None:
    assert recovered.result.ok, recovered.result.error
    assert set(statuses(recovered.result).values()) == {"ready"}, "nobody had to clean anything up"
    deleted = [event for event in _steps(recovered.result, "start") if event["op"].startswith("delete")]
    assert _names(deleted) == {"harbor-login"}, "what failed is asked anew, and nothing else is made anew"
