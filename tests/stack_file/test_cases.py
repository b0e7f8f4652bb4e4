"""Wrong stack files are refused in words, right ones pass, and check, program and JSON Schema say the same of both."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stack_file import check, schema
from stack_file.load import SettingsError, load_stack_file
from stack_file.reading import read
from tests.stack_file.cases import RIGHT, WRONG, Case, is_good
from tests.stack_file.fuzzing.verdict import ONLY_IN_THE_FILE, seen_by_program

SECRETS = ("hunter2-Correct-Horse", "0123456")
"""Values of the cases that must not be repeated."""
BEYOND_A_SCHEMA = (
    "is the address of a host in a network",
    "is not a schedule",
    "cannot be read",
    "holds something else",
)
"""What takes arithmetic, or a look into another file."""
AS_TEXT = ("section-as-json-text", "section-json-with-a-defect", "section-with-config-in-its-name")
"""Ways of writing that Pulumi takes, and that an editor need not complete."""


def _pattern(validator: Any, pattern: str, instance: Any, of: Any) -> Iterator[jsonschema.ValidationError]:
    """As in ECMA-262, where `$` is the very end; in Python it is before a line break, too."""
    del validator, of
    if isinstance(instance, str) and re.search(re.sub(r"\$$", r"\\Z", pattern), instance) is None:
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


_extend: Any = jsonschema.validators.extend
_EDITOR = _extend(jsonschema.Draft202012Validator, {"pattern": _pattern})
VALIDATOR = _EDITOR(schema.document(), format_checker=jsonschema.FormatChecker())

every = pytest.mark.parametrize("case", [*WRONG, *RIGHT], ids=lambda case: case.name)


def test_there_are_cases_of_every_kind() -> None:
    assert all(case.says for case in WRONG), "a wrong file says how it is refused"
    assert not any(case.says for case in RIGHT), "and a right one says nothing"
    assert len(WRONG) >= 300, "so that refusals are what people need"
    assert len(RIGHT) >= 60, "and strictness does not refuse what works"


@pytest.mark.failure("too-few-nodes", "challenge-that-cannot-work", "missing-glue", "group-that-nobody-made")
@pytest.mark.failure("foreign-volumes-deleted")
@every
def test_check_program_and_schema_say_the_same(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = case.write(tmp_path)
    said = list(check.defects(path))
    assert said == list(case.says), "each defect once, in the promised words; none where Pulumi and services take it"
    assert [line for line in said if not is_good(line)] == [], "one line with key, value or clash, and fix"
    assert not any(secret in line for secret in SECRETS for line in said), "the message goes to logs"
    if any(words in line for line in case.says for words in ONLY_IN_THE_FILE):
        return
    document = read(path).document
    seen = seen_by_program(document["config"])
    if case.says:
        assert isinstance(seen, str), "a bare `pulumi up` refuses it, too"
        keys = [line.partition(": ")[0] for line in seen.splitlines()]
        assert len(keys) == len(case.says), f"each defect once, not {seen}"
        # Of an encrypted value the engine says in which section it is, and no more.
        assert all(map(str.startswith, case.says, keys)), f"at the same places, not {seen}"
    else:
        assert seen == load_stack_file(path), "the same settings"
    if case.name in AS_TEXT or any(words in line for line in case.says for words in BEYOND_A_SCHEMA):
        return
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]
    assert (errors == []) == _has_shape(path, monkeypatch), f"editors show {errors}"


def _has_shape(path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether at most settings clash with each other."""
    monkeypatch.setattr("stack_file.checks.every.ALL", ())
    try:
        load_stack_file(path)
    except SettingsError:
        return False
    return True
