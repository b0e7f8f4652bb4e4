"""Values keep their secrets and unknowns on the way between engine and provider."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.providers import schema, wire
from lab.providers.wire import UNKNOWN, Secret

LEAVES = st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text() | st.just(UNKNOWN)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def shapes(value: object) -> object:
    """A value as it comes back: an unknown stays one."""
    return wire.decode(wire.encode({"value": value})).get("value")


@given(VALUES)
def test_a_value_comes_back_as_it_went(value: object) -> None:
    assert shapes(value) == value, "what the engine stores must be what the provider meant"


@given(st.text())
def test_a_secret_comes_back_as_a_secret(value: str) -> None:
    assert shapes(Secret(value)) == Secret(value), "a secret that loses its mark lies in the state in plain text"


def test_a_secret_never_shows_its_value() -> None:
    assert "hunter2" not in repr(Secret("hunter2")), "representations end in logs"


def test_outputs_take_over_the_secrets_of_the_inputs_of_the_same_path() -> None:
    inputs = {"data": {"key": Secret("x"), "plain": "y"}, "list": [{"value": Secret("z")}]}
    outputs = {"data": {"key": "x", "plain": "y"}, "list": [{"value": "z"}], "id": "1"}
    expected = {"data": {"key": Secret("x"), "plain": "y"}, "list": Secret([{"value": "z"}]), "id": "1"}
    assert wire.annotate(outputs, inputs) == expected, "a list is marked whole, as the real providers do"


def test_fields_are_marked_at_any_depth() -> None:
    marked = wire.mark_fields({"a": [{"clientKey": "k", "cert": "c"}]}, frozenset({"clientKey"}))
    assert marked == {"a": [{"clientKey": Secret("k"), "cert": "c"}]}, "only the key is secret"


@pytest.mark.parametrize("value", [{"a": [UNKNOWN]}, Secret({"a": UNKNOWN}), UNKNOWN])
def test_an_unknown_is_found_anywhere(value: object) -> None:
    assert wire.has_unknown(value), "a check on half-known inputs would refuse what is right"


def test_a_type_that_no_package_has_is_refused() -> None:
    with pytest.raises(LookupError, match="vault:index/mount:Mountt"):
        schema.arguments("pulumi_vault", "vault:index/mount:Mountt")


def test_every_alternative_of_a_union_is_taken() -> None:
    cls = schema.arguments("pulumi_random", "random:index/randomPassword:RandomPassword")
    assert schema.problems(cls, {"length": UNKNOWN, "keepers": {"a": "b"}}) == [], "an unknown fits every type"
    wrong = schema.problems(cls, {"length": 8, "keepers": {"a": 1}, "special": "yes"})
    assert [item.path for item in wrong] == ["keepers['a']", "special"], "each wrong value is named by its path"
