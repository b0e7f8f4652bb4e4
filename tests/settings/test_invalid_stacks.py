"""A defective stack file is refused before the engine starts, with a message that says how to mend it."""

import difflib
import re
from pathlib import Path

import pytest

from settings import check
from tests.settings.stacks import FIXTURES, INVALID, body, expected_messages

MINIMAL = FIXTURES / "valid" / "minimal.yaml"

invalid = pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)


@invalid
def test_the_file_is_refused_with_exactly_the_messages_of_its_header(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = check.main([str(path)])
    refused_with = capsys.readouterr().err.splitlines()
    assert exit_code == 1, "a defect is an error of the command"
    assert refused_with == [f"{path}: {message}" for message in expected_messages(path)], "message as promised"


@invalid
def test_the_file_has_one_defect_only(path: Path) -> None:
    added = [line for line in _changes(path) if line.startswith("+ ")]
    assert _changes(path), f"the file differs from {MINIMAL.name}, from which it was made"
    assert len(added) <= 2, f"a defect is one change of {MINIMAL.name}, not {added}"


@invalid
def test_each_message_names_the_key_the_clash_and_the_fix(path: Path) -> None:
    messages = expected_messages(path)
    assert messages, "the header says how the file is refused"
    for message in messages:
        key, _, rest = message.partition(": ")
        clash, _, fix = rest.partition("; ")
        assert re.fullmatch(r"line \d+|[\w.\[\]/-]+", key), f"{message} begins with the key or the line"
        assert clash, f"{message} says why the value cannot be"
        assert fix, f"{message} says what to do"


def _changes(path: Path) -> list[str]:
    """Lines that were added to or removed from the valid file."""
    return [line for line in difflib.ndiff(body(MINIMAL), body(path)) if line.startswith(("+ ", "- "))]


def test_every_kind_of_clash_has_a_file_that_shows_it() -> None:
    promised = "\n".join(message for path in INVALID for message in expected_messages(path))
    kinds = {
        "a typo": "did you mean",
        "overlapping networks": "overlaps network.pods 10.2.128.0/20",
        "an address used twice": "is already talos.controlPlane.nodes[control].address",
        "a VIP outside its network": "is outside network.nodes",
        "a VIP that is a node's address": "is already network.vip",
        "a VM id used twice": "is already the id of",
        "an even number of control planes": "give etcd no majority",
        "a host outside the domain": "is outside cluster.domain",
        "a group nobody declared": "is no group of identity.groups",
        "a redirect that is not https": "is not https",
        "a redirect to another host": "is not on the application's host",
        "a redirect with a wildcard": "is a pattern",
        "a person named twice": "stands twice",
        "administrators without a second factor": "has no second factor",
        "a slug that clashes": "clashes with an application of the platform itself",
        "an issuer that is not Authentik's": "is not the issuer on identity.host",
        "a host that is served already": "is already gitea.host",
        "a token of a person": "is a person",
        "an unpinned chart": "is not an exact version",
        "a secret in plain text": "pulumi config set --secret",
    }
    missing = [kind for kind, words in kinds.items() if words not in promised]
    assert not missing, f"no invalid stack file shows {missing}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = tmp_path / "Pulumi.absent.yaml"
    assert check.main([str(absent)]) == 1, "a missing file is an error"
    assert f"{absent}: no such stack file" in capsys.readouterr().err, "which is named"


def test_an_empty_file_says_what_it_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "Pulumi.empty.yaml"
    empty.write_text("", encoding="utf-8")
    assert check.main([str(empty)]) == 1, "an empty file is an error"
    assert "config: has no sections" in capsys.readouterr().err, "and not a traceback"


def test_the_value_of_a_leaked_secret_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    check.main([str(FIXTURES / "invalid" / "secret-in-plain-text.yaml")])
    printed = capsys.readouterr()
    assert "6f1d2f4e" not in printed.err + printed.out, "the message goes to logs, where the secret must not"
