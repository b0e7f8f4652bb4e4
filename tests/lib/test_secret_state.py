"""What an exported state says of the secrets: generations, and when values were made."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from lib.secret_state import applied_generations, created_at
from lib.secrets import SecretDeclaration, password, skipped

PARENT = "urn:pulumi:home::home-cluster::home-cluster:platform_secrets:X$home-cluster:generated_fields:GeneratedFields"


def _declaration(path: str, generation: int = 1, overlap: bool = False) -> SecretDeclaration:
    return SecretDeclaration(path=path, fields=(password("value", overlap=overlap),), readers=(), generation=generation)


def _state(*resources: Mapping[str, object]) -> dict[str, object]:
    return {"version": 3, "deployment": {"resources": list(resources)}}


STACK = {"type": "pulumi:pulumi:Stack", "outputs": {"secretGenerations": {"gitea/admin": 3, "a/b": 1}}}


def test_the_generations_are_those_of_the_stack_output() -> None:
    assert applied_generations(_state(STACK)) == {"gitea/admin": 3, "a/b": 1}, "as the last update left them"


@pytest.mark.parametrize(
    "state",
    [{}, {"version": 3, "deployment": None}, _state(), _state({"type": "pulumi:pulumi:Stack"})],
    ids=["nothing", "no deployment", "no resource", "an update that did not get that far"],
)
def test_before_the_first_update_nothing_was_applied(state: dict[str, object]) -> None:
    assert applied_generations(state) == {}, "so every generation may follow"
    assert created_at(state, [_declaration("a/b")]) == {}, "and no value is there"


def test_a_secret_is_as_old_as_its_newest_value() -> None:
    def value(name: str, secret: str, created: str) -> dict[str, object]:
        return {"type": "random:index/x:X", "urn": name, "parent": f"{PARENT}::{secret}", "created": created}

    state = _state(
        value("1", "a-b", "2026-03-01T10:00:00.5Z"),
        value("2", "a-b", "2026-05-01T10:00:00Z"),
        value("3", "other", "2026-06-01T10:00:00Z"),
        {"type": "x", "parent": "urn:pulumi:home::home-cluster::x:y:Z::a-b", "created": "2026-07-01T10:00:00Z"},
    )
    assert created_at(state, [_declaration("a/b")]) == {"a/b": datetime(2026, 5, 1, 10, tzinfo=UTC)}, (
        "values of other secrets and resources of other kinds do not count"
    )


def test_a_generation_that_would_skip_the_overlap_is_refused() -> None:
    assert skipped({"a/b": 1}, (_declaration("a/b", 2, overlap=True),)) == [], "one step keeps the value in use"
    assert skipped({}, (_declaration("a/b", 5, overlap=True),)) == [], "a new secret may begin anywhere"
    assert skipped({"a/b": 1}, (_declaration("a/b", 5),)) == [], "without an overlap there is nothing to keep"
    (told,) = skipped({"a/b": 1}, (_declaration("a/b", 3, overlap=True),))
    assert "3 skips generations after 1" in told, "two steps would drop it"
    assert told.endswith("write 2"), "the fix"
