"""Blueprints of a stack file with all that blueprints know, against the text that was read and found right."""

import pytest

from tests.components.authentik.blueprints.golden_files import GOLDEN, kept

DOCUMENTS = kept()


@pytest.mark.parametrize("slug", DOCUMENTS)
def test_a_blueprint_is_what_was_read_and_found_right(slug: str) -> None:
    golden = (GOLDEN / f"{slug}.yaml").read_text(encoding="utf-8")
    assert DOCUMENTS[slug] == golden, (
        "an unmeant change is a bug; a meant one is written by the module `golden_files` and read"
    )


def test_no_file_is_of_a_blueprint_that_is_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == set(DOCUMENTS), "one file for each, and no other"


def test_the_stack_file_shows_everything_that_a_blueprint_can_say() -> None:
    text = "\n".join(DOCUMENTS.values())
    shown = ("client_type: public", "state: absent", "is_active: false", "not_configured_action", "offline_access")
    assert [words for words in shown if words not in text] == [], "what no golden file shows, none protects"
