"""Guessing passwords: who is let no further, who always is, and what an error comes to."""

from types import SimpleNamespace
from typing import Any

import pytest

from components.authentik.blueprints import guessing, users
from tests.components.authentik.blueprints.documents import Tag, entries, evaluate, load, the
from tests.components.authentik.blueprints.people import identity
from tests.components.authentik.blueprints.schema import problems

STAGE = "authentik_stages_deny.denystage"
LOWEST = -5
"""Below which Authentik lets no score of a name and an address fall (authentik/tenants/models.py)."""


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    return load(users.text(identity({})))


@pytest.fixture(scope="module")
def binding(loaded: dict[str, Any]) -> dict[str, Any]:
    """The stage in the login flow."""
    stage = Tag("KeyOf", the(loaded, STAGE)["id"])
    (found,) = [one for one in entries(loaded, "authentik_flows.flowstagebinding") if one["fields"]["stage"] == stage]
    return found


def policies(loaded: dict[str, Any], binding: dict[str, Any]) -> list[dict[str, Any]]:
    target = Tag("KeyOf", binding["id"])
    return [
        one["fields"]
        for one in entries(loaded, "authentik_policies.policybinding")
        if one["fields"]["target"] == target
    ]


def test_names_are_counted_and_no_addresses_which_all_clients_may_share(loaded: dict[str, Any]) -> None:
    assert problems(loaded) == [], "as Authentik takes it"
    score = the(loaded, "authentik_policies_reputation.reputationpolicy")["fields"]
    assert (score["check_ip"], score["check_username"]) == (False, True), "one guesser must not keep the house out"
    assert LOWEST <= score["threshold"] < 0, "a score that is never reached would let everybody guess on"


@pytest.mark.failure("guessed-password")
def test_who_failed_too_often_is_refused_before_a_password_is_asked_for(binding: dict[str, Any]) -> None:
    fields = binding["fields"]
    assert fields["target"] == Tag("Find", ["authentik_flows.flow", ["slug", "default-authentication-flow"]]), "login"
    assert 10 < fields["order"] < 20, "after the name, before the password: nothing more is counted meanwhile"
    assert (fields["evaluate_on_plan"], fields["re_evaluate_policies"]) == (False, True), "nobody is known before"


def test_the_score_alone_decides_but_for_the_break_glass_account(
    loaded: dict[str, Any], binding: dict[str, Any]
) -> None:
    assert binding["fields"]["policy_engine_mode"] == "all", "with `any`, everybody but one would be refused at once"
    bound = {one["policy"].value: one for one in policies(loaded, binding)}
    expressions = entries(loaded, "authentik_policies_expression.expressionpolicy")
    (others,) = [one for one in expressions if one.get("id") in bound]
    assert bound.keys() == {the(loaded, "authentik_policies_reputation.reputationpolicy")["id"], others["id"]}, "both"
    for username, refused in (("ada", True), ("akadmin", False)):
        request = SimpleNamespace(user=SimpleNamespace(username=username))
        assert evaluate(others["fields"]["expression"], request=request) is refused, username


def test_a_policy_that_fails_keeps_nobody_out(loaded: dict[str, Any], binding: dict[str, Any]) -> None:
    for one in policies(loaded, binding):
        assert (one["failure_result"], one["enabled"], one["negate"]) == (False, True, False), "in force, as it reads"


def test_a_score_ends_within_the_hour_and_the_person_is_told(loaded: dict[str, Any]) -> None:
    assert guessing.LOCKED_SECONDS <= 3600, "a guesser must not keep a person out for the day that is the default"
    assert "within 60 minutes" in the(loaded, STAGE)["fields"]["deny_message"], "as long as it lasts"
