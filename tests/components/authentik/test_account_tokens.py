"""Tokens of service accounts in the secret registry, and what is refused of them."""

from typing import Any

import pytest

from components.authentik import account_tokens
from register.secrets import declare
from settings.model import Settings
from stack_file.load import SettingsError, parse
from tests.stack_file.stacks import FIXTURES, sections

ACCOUNT = {"reader": {"name": "Reads the list of people"}}


def stack(**identity: Any) -> Settings:
    """The least a stack file can say, with more in section `identity`."""
    given = sections(FIXTURES / "valid" / "minimal.yaml")
    given["identity"] |= {"serviceAccounts": ACCOUNT, **identity}
    return parse(given)


def test_a_token_is_a_secret_like_any_other() -> None:
    settings = stack(tokens={"list": {"account": "reader", "reflectTo": ["gitea"]}})
    (declaration,) = [one for one in declare(settings) if one.path.startswith("tokens/")]
    assert declaration.path == "tokens/list", "the key of its rotation"
    assert not declaration.permanent, "it can be rotated"
    (field,) = declaration.fields
    assert field.size >= 60, "no weaker than one that Authentik makes"


def test_the_value_is_read_in_one_namespace_and_copied_to_the_declared_ones() -> None:
    settings = stack(tokens={"list": {"account": "reader", "reflectTo": ["gitea", "matrix"]}})
    (declaration,) = account_tokens.declare(settings)
    (reader,) = declaration.readers
    assert str(reader) == "authentik/token-list", "where Authentik's worker mounts it"
    assert reader.reflect_to == ("gitea", "matrix"), "and nowhere else"


def test_a_namespace_that_something_else_makes_may_get_a_copy_once_it_is_named() -> None:
    given = sections(FIXTURES / "valid" / "minimal.yaml")
    given["identity"] |= {"serviceAccounts": ACCOUNT, "tokens": {"list": {"account": "reader", "reflectTo": ["shop"]}}}
    with pytest.raises(ValueError, match=r"identity\.tokens\.list\.reflectTo: shop is no namespace"):
        declare(parse(given))
    given["secrets"] = {"namespaces": ["shop"]}
    assert [one.path for one in declare(parse(given)) if one.path.startswith("tokens/")] == ["tokens/list"], "named"


def test_an_added_secret_cannot_write_over_a_token() -> None:
    given = sections(FIXTURES / "valid" / "minimal.yaml")
    given["identity"] |= {"serviceAccounts": ACCOUNT, "tokens": {"list": {"account": "reader", "reflectTo": ["gitea"]}}}
    given["secrets"] = {"extra": {"tokens/list": {"fields": {"token": {}}, "reflectTo": ["gitea"]}}}
    with pytest.raises(ValueError, match=r"secrets\.extra\.tokens/list.*two writers"):
        declare(parse(given))


def test_a_removed_token_that_still_stands_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"identity\.removed\.tokens: list still stands in identity\.tokens"):
        stack(tokens={"list": {"account": "reader", "reflectTo": ["gitea"]}}, removed={"tokens": ["list"]})


def test_a_token_of_a_removed_account_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"is no account of identity\.serviceAccounts"):
        stack(
            serviceAccounts={},
            removed={"serviceAccounts": ["reader"]},
            tokens={"list": {"account": "reader", "reflectTo": ["gitea"]}},
        )
