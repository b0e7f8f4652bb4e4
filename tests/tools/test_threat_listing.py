"""Every line of the threat model is held by tests that are there, and every secret has its row."""

import pytest

from register.secrets import declare
from stack_file.load import load_stack_file
from stack_file.secrets import SECRET_NAMES
from tests.stack_file.stacks import FIXTURES, SHIPPED
from tools import threat_listing

STACKS = (SHIPPED, *sorted((FIXTURES / "valid").glob("*.yaml")))


@pytest.fixture(scope="module")
def model() -> threat_listing.Model:
    return threat_listing.model()


def test_every_line_is_held_by_a_test_that_is_there(model: threat_listing.Model) -> None:
    assert [test for test in model.tests if not threat_listing.is_there(test)] == []
    assert [one.threat for rows in model.threats.values() for one in rows if not one.tests] == []
    assert not threat_listing.is_there("tests/tools/test_threat_listing.py::test_of_nobody")


def test_every_secret_of_the_registry_has_one_row_and_every_row_a_secret(model: threat_listing.Model) -> None:
    paths = {one.path for file in STACKS for one in declare(load_stack_file(file))}
    assert len(paths) > 40
    assert {path: rows for path in paths if len(rows := model.rows_of(path)) != 1} == {}
    assert {row for path in paths for row in model.rows_of(path)} == set(model.tokens), "a row of nothing"
    assert set(model.stack) == SECRET_NAMES


def test_the_page_is_fresh() -> None:
    assert threat_listing.TARGET.read_text(encoding="utf-8") == threat_listing.text(), "run: make generate"
