"""The list of secrets names every secret and reader, and is fresh."""

import pytest

from lib.secrets import Field, Kind, Reader, SecretDeclaration, literal, password
from register.secrets import declare
from stack_file.load import load_stack_file
from tools import secret_listing

DECLARED = declare(load_stack_file(secret_listing.STACK_FILE))


def _row(declaration: SecretDeclaration) -> str:
    (row,) = [line for line in secret_listing.text([declaration]).splitlines() if f"| `{declaration.path}` |" in line]
    return row


def test_the_page_in_docs_is_what_the_registry_says() -> None:
    written = secret_listing.TARGET.read_text(encoding="utf-8")
    assert written == secret_listing.text(DECLARED), "run: make generate"


@pytest.mark.parametrize("declaration", DECLARED, ids=lambda one: one.path)
def test_a_secret_is_listed_with_its_fields_and_all_who_read_it(declaration: SecretDeclaration) -> None:
    row = _row(declaration)
    for field in declaration.fields:
        assert f"`{field.name}`" in row, f"{field.name}: {row}"
    for reader in declaration.readers:
        assert f"`{reader}`" in row, f"{reader}: {row}"
    assert ("| never: " in row) == bool(declaration.permanent), "whether it can be rotated"
    assert declaration.permanent in row, "and why not"


def test_no_literal_is_shown() -> None:
    declaration = SecretDeclaration(path="a/b", fields=(literal("user", "planted-canary"),), readers=())
    assert "planted-canary" not in secret_listing.text([declaration]), "a page of docs holds no value at all"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_field_has_words(kind: Kind) -> None:
    assert secret_listing.described(Field(name="x", kind=kind, of="y")), f"{kind}"


def test_copies_and_kept_values_are_told() -> None:
    reader = Reader(namespace="external-secrets", secret="extra-a-b", reflect_to=("shop",))
    row = _row(SecretDeclaration(path="a/b", fields=(password("token", overlap=True),), readers=(reader,)))
    assert "copied to shop" in row, row
    assert "`token-previous` keeps the value before" in row, row
