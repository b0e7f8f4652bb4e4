"""The signing key of an earlier server: what Synapse reads is taken, anything else is refused without a word of it."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signedjson.key import generate_signing_key, read_signing_keys, write_signing_keys

from components.matrix.signing_key import fingerprint, normal, problem

SEED = base64.b64encode(bytes(range(32))).decode()
KEY = f"ed25519 a_old {SEED.rstrip('=')}"


@given(version=st.from_regex(r"[A-Za-z0-9_]{1,12}", fullmatch=True))
def test_a_file_that_synapse_wrote_is_taken_and_stays_the_same_key(version: str) -> None:
    file = io.StringIO()
    write_signing_keys(file, [generate_signing_key(version)])
    text = file.getvalue()
    assert problem(text) == "", "the content of the file as it is, line break included"
    (before,), (after,) = read_signing_keys([text]), read_signing_keys([normal(text)])
    assert (before.encode(), before.version) == (after.encode(), after.version), "to Synapse it is the same key"


def test_padding_and_spaces_make_no_other_key() -> None:
    assert problem(f"  ed25519   a_old {SEED}\n") == "", "as other programs write base64"
    assert normal(f"  ed25519   a_old {SEED}\n") == KEY, "in the form of the file"
    assert fingerprint(f"ed25519 a_old {SEED}") == fingerprint(KEY), "one key, one name"


@pytest.mark.parametrize(
    ("text", "clash"),
    [
        ("", "has 0 lines instead of one"),
        (f"{KEY}\n{KEY}", "has 2 lines instead of one"),
        (f"a_old {SEED}", "has 2 words instead of 3"),
        (f"ed25519 a_old {SEED} more", "has 4 words instead of 3"),
        (f"rsa a_old {SEED}", "does not begin with ed25519"),
        (f"ed25519 ed25519:a_old {SEED}", "has a version of other characters"),
        (f"ed25519 a_old {SEED[:-4]}", "ends in no base64 of 32 bytes"),
        (f"ed25519 a_old {SEED.replace('A', '!')}", "ends in no base64 of 32 bytes"),
        (f"ed25519 a_old {SEED[:-1]}é", "ends in no base64 of 32 bytes"),
    ],
)
def test_anything_else_is_refused_with_the_form_that_is_wanted(text: str, clash: str) -> None:
    told = problem(text)
    assert told.startswith(clash), "what is wrong"
    assert "write the line of the old server's signing key file" in told, "and what to do"
    assert not any(word in told for word in text.split() if len(word) > 20), "the seed is never repeated"


def test_the_fingerprint_tells_keys_apart_and_holds_no_part_of_the_seed() -> None:
    other = f"ed25519 a_old {base64.b64encode(bytes(range(1, 33))).decode()}"
    assert fingerprint(KEY) != fingerprint(other), "another key under the same id"
    assert fingerprint(KEY).startswith("ed25519:a_old "), "people recognise it by its id"
    assert bytes(range(8)).hex() not in fingerprint(KEY), "a digest"
    assert SEED[:8] not in fingerprint(KEY), "not the seed"
