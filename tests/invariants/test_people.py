"""Somebody joins, moves or leaves: nothing but the blueprint of people changes, and it says all that is needed."""

import json
from typing import Any

import pytest

from tests.components.authentik.blueprints.documents import load
from tests.support.engine import Recorded, Recording
from tests.support.objects import environment
from tests.support.program import STACK_FILE
from tests.support.variants import Difference, changed, difference

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
JOB = "kubernetes:batch/v1:Job"
_EMAIL = "        email: agentydragon@agentydragon.com\n"
_FIRST = "    users:\n      agentydragon:\n"
_LAST_GROUPS = "          - vault-users\n          - vault-admins\n\n  home-cluster:gitea:\n"
JANE = "      jane: { name: Jane Doe, email: jane@example.org, groups: [gitea-users] }\n"


@pytest.fixture(scope="module")
def joined(update: Recording) -> Difference:
    return difference(update, changed(_FIRST, f"    users:\n{JANE}      agentydragon:\n"))


@pytest.fixture(scope="module")
def moved(update: Recording) -> Difference:
    """The person of the shipped stack file is no administrator of Vault any more."""
    return difference(update, changed(_LAST_GROUPS, _LAST_GROUPS.replace("          - vault-admins\n", "")))


@pytest.fixture(scope="module")
def left(update: Recording) -> Difference:
    removed = "    removed: { users: [jane] }\n"
    return difference(update, changed(_FIRST, f"{removed}{_FIRST}"))


def blueprint(found: Difference) -> dict[str, Any]:
    text = found.changed[CONFIG_MAP, "blueprint-users-file"].get("data", "users.yaml")
    return load(text)


def people(job: Recorded) -> Any:
    return json.loads(environment(job)["PEOPLE"])


def members(document: dict[str, Any], group: str) -> set[str]:
    names = {entry.get("id"): entry["identifiers"].get("username") for entry in document["entries"]}
    (found,) = [
        entry for entry in document["entries"] if entry["identifiers"].get("name") == group and "attrs" in entry
    ]
    return {names[tag.value] for tag in found["attrs"]["users"]}


@pytest.fixture(scope="module")
def suspended(update: Recording) -> Difference:
    """The person of the shipped stack file is switched off."""
    return difference(update, changed(_EMAIL, f"{_EMAIL}        active: false\n"))


@pytest.mark.parametrize("what", ["joined", "moved", "left"])
def test_only_the_blueprint_of_people_changes_and_who_may_use_gitea(what: str, request: pytest.FixtureRequest) -> None:
    found: Difference = request.getfixturevalue(what)
    assert not found.added, "no resource of a service is made for a person"
    assert not found.removed, "and none goes"
    jobs = {"gitea-content", "gitea-content-again"} if what == "joined" else set()
    assert {name for _, name in found.changed} == {
        *(f"blueprint-users-{part}" for part in ("file", "visible", "row", "apply", "apply-again")),
        *jobs,
    }, "no service restarts"


def test_who_is_switched_off_is_out_of_gitea_within_the_same_update(update: Recording, suspended: Difference) -> None:
    before, after = update.one(JOB, "gitea-content"), suspended.changed[JOB, "gitea-content"]
    assert people(before) == ["agentydragon"], "who may log in"
    assert people(after) == [], "the Job has other variables, so it runs anew"


def test_who_is_switched_off_is_out_of_chat_within_the_same_update(update: Recording, suspended: Difference) -> None:
    before, after = update.one(JOB, "matrix-sessions"), suspended.changed[JOB, "matrix-sessions"]
    assert (people(before), people(after)) == (["agentydragon"], []), "the Job signs clients out"


def test_who_joins_is_in_the_declared_groups_and_in_no_others(joined: Difference) -> None:
    document = blueprint(joined)
    assert members(document, "gitea-users") == {"agentydragon", "jane"}, "with those who were there"
    assert "jane" not in members(document, "vault-admins"), "and in no other group"


def test_who_moves_loses_the_group_for_a_member_list_is_whole(moved: Difference) -> None:
    document = blueprint(moved)
    assert members(document, "vault-admins") == set(), "Vault's policies follow the groups of the next login"
    assert members(document, "vault-users") == {"agentydragon"}, "the other groups stay"


@pytest.mark.failure("person-who-left")
def test_who_leaves_is_deleted_with_sessions_and_tokens(left: Difference) -> None:
    absent = [entry for entry in blueprint(left)["entries"] if entry.get("state") == "absent"]
    accounts = [entry["identifiers"] for entry in absent if entry["model"] == "authentik_core.user"]
    assert accounts == [{"username": "jane", "path": "home-cluster/people"}], "this account of this program"


def test_administrators_need_a_second_factor_without_the_line_that_switches_it_off(update: Recording) -> None:
    (line,) = [one for one in STACK_FILE.read_text(encoding="utf-8").splitlines(keepends=True) if "secondFactor" in one]
    model = "authentik_policies_expression.expressionpolicy"
    policies = {
        entry["identifiers"]["name"]: entry.get("attrs", {}).get("expression", "")
        for entry in blueprint(difference(update, changed(line, "")))["entries"]
        if entry["model"] == model
    }
    asked = policies["home-cluster-second-factor"]
    for group in ("vault-admins", "gitea-admins", "harbor-admins"):
        assert f"{group!r}" in asked, "by the settings of the services"
    assert "'gitea-users'" not in asked, "and nobody else"
