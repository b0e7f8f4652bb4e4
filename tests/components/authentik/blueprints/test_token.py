"""Tokens of service accounts as Authentik gets them."""

import pytest

from components.authentik.blueprints import paths, token
from settings.identity import Token
from tests.components.authentik.blueprints.documents import Tag, load, the

READER = Token(account="program", reflect_to=("shop",))


def test_the_value_comes_from_a_file_and_the_account_from_the_blueprint_of_people() -> None:
    fields = the(load(token.text("reader", READER, 1)), "authentik_core.token")["fields"]
    assert fields["key"] == Tag("File", f"{paths.token_directory('reader')}/token"), "never in the text"
    assert fields["user"] == Tag("Find", ["authentik_core.user", ["username", "program"]]), "whose it is"
    assert fields["expiring"] is False, "it is rotated, it does not run out"


@pytest.mark.parametrize("intent", ["api", "app_password"])
def test_what_a_token_is_for_is_what_was_declared(intent: str) -> None:
    declared = Token.model_validate({"account": "program", "intent": intent, "reflectTo": ["shop"]})
    fields = the(load(token.text("reader", declared, 1)), "authentik_core.token")["fields"]
    assert fields["intent"] == intent, "a token of one kind is refused where the other is asked for"


def test_a_new_generation_is_a_new_text() -> None:
    assert token.text("reader", READER, 1) != token.text("reader", READER, 2), (
        "Authentik's hash covers the text alone, so a new value behind the same text would look applied"
    )


def test_two_tokens_of_one_account_are_two() -> None:
    found = {the(load(token.text(name, READER, 1)), "authentik_core.token")["fields"]["identifier"] for name in "ab"}
    assert len(found) == 2, "the identifier is what the entry is found by"
