"""The JSON Schema that editors complete from says what the model says, and the files in docs/ are fresh."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stack_file import docs, schema
from stack_file.schema import write_or_check
from stack_file.secrets import SECRET_KEYS
from tests.stack_file.stacks import FIXTURES, SHIPPED, VALID, document

VALIDATOR = jsonschema.Draft202012Validator(schema.document(), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("path", [*VALID, SHIPPED], ids=lambda path: path.stem)
def test_a_valid_stack_file_validates(path: Path) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document(path))]
    assert errors == [], "an editor must not complain about what the program accepts"


def test_the_schema_itself_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.document())


def test_an_encrypted_secret_validates() -> None:
    stack: Any = document(FIXTURES / "valid" / "minimal.yaml")
    for key in SECRET_KEYS:
        stack["config"][f"home-cluster:{key.name}"] = {"secure": "v1:abc"}
    assert list(VALIDATOR.iter_errors(stack)) == [], "as `pulumi config set --secret` writes it"


def test_keys_of_pulumi_and_of_providers_are_left_alone() -> None:
    stack: Any = document(FIXTURES / "valid" / "minimal.yaml")
    stack["config"]["pulumi:disable-default-providers"] = ["*"]
    stack["encryptionsalt"] = "v1:abc"
    assert list(VALIDATOR.iter_errors(stack)) == [], "they are none of this project's business"


def test_every_key_has_a_description() -> None:
    model = schema.model_schema()
    silent = [
        f"{section}.{name}"
        for section, definition in model["$defs"].items()
        for name, field in definition.get("properties", {}).items()
        if "description" not in field and "description" not in model["$defs"].get(_target(field), {})
    ]
    assert silent == [], "editors and docs/configuration.md show it"


def _target(field: dict[str, Any]) -> str:
    return str(field.get("$ref", "")).removeprefix("#/$defs/")


@pytest.mark.parametrize(("target", "text"), [(schema.TARGET, schema.text()), (docs.TARGET, docs.text())])
def test_the_generated_file_is_fresh(target: Path, text: str) -> None:
    assert target.read_text(encoding="utf-8") == text, "run: make generate"


def test_the_reference_tells_every_key_of_the_schema() -> None:
    page = docs.text()
    keys = {name for definition in schema.model_schema()["$defs"].values() for name in definition.get("properties", {})}
    untold = [key for key in sorted(keys) if f"`{key}`" not in page and f".{key}`" not in page]
    assert untold == [], "every key of the model has a row"
    assert all(f"`{key.name}`" in page for key in SECRET_KEYS), "and so has every secret"


def test_a_stale_file_is_told_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "stack.schema.json"
    target.write_text("{}", encoding="utf-8")
    assert write_or_check(target, "new", ["--check"]) == 1, "a stale file fails the check"
    assert "run: make generate" in capsys.readouterr().err, "with the fix"
    assert target.read_text(encoding="utf-8") == "{}", "and is not touched"
    assert write_or_check(target, "new", []) == 0, "generating writes it"
    assert write_or_check(target, "new", ["--check"]) == 0, "and then it is fresh"


def test_the_schema_is_what_the_shipped_stack_file_points_at() -> None:
    first = SHIPPED.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={schema.TARGET.relative_to(SHIPPED.parent)}", "editors read this"
    assert json.loads(schema.TARGET.read_text(encoding="utf-8")) == schema.document(), "and find the document"


@pytest.mark.parametrize("words", ["list of names in Gitea", "list of labels of jobs", "list of hosts or addresses"])
def test_the_reference_reads_as_english(words: str) -> None:
    assert f"| {words} |" in docs.text(), "the plural is the noun's"
