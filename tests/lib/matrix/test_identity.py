"""What the homeserver is known by: a stack that says something else is refused."""

import pytest

from lib.matrix.identity import GENERATED, applied_record, problems, record, renamed

OLD, NEW = "ed25519:a_old 0123456789abcdef", "ed25519:a_new fedcba9876543210"
PARENT = "urn:pulumi:home::home-cluster::home-cluster:phase:Phase$home-cluster:matrix_identity:MatrixIdentity::chat"


def test_before_the_first_start_every_name_and_key_is_free() -> None:
    for wanted in (record("home.example"), record("home.example", OLD)):
        assert problems({}, wanted) == [], "nobody knows the server yet"


@pytest.mark.parametrize("key", [GENERATED, OLD])
def test_a_server_goes_on_as_it_started(key: str) -> None:
    assert problems(record("home.example", key), record("home.example", key)) == [], "nothing changed"


def test_another_name_is_refused_with_both_names() -> None:
    (told,) = problems(record("home.example"), record("new.example"))
    assert told.startswith("matrix.serverName: new.example is not home.example"), "the key, the value and the clash"
    assert "; write home.example again (docs/runbooks/matrix.md" in told, "and the fix"


@pytest.mark.parametrize(
    ("first", "now", "said", "fix"),
    [
        (GENERATED, NEW, f"is {NEW}, and this server started with a key of its own", "pulumi config rm matrixSig"),
        (OLD, NEW, f"is {NEW}, and this server started with {OLD}", "pulumi config set --secret matrixSig"),
        (OLD, GENERATED, f"is not set, and this server started with {OLD}", "pulumi config set --secret matrixSig"),
    ],
    ids=["imported too late", "another one", "no longer there"],
)
def test_another_signing_key_is_refused_with_the_command_that_mends_it(
    first: str, now: str, said: str, fix: str
) -> None:
    (told,) = problems(record("home.example", first), record("home.example", now))
    assert told.startswith(f"matrixSigningKey: {said}"), "what it is and what it was"
    assert fix in told, "the way back"


def test_both_are_told_at_once() -> None:
    assert len(problems(record("home.example"), record("new.example", NEW))) == 2, "one line each"


def test_the_record_is_found_in_an_exported_state() -> None:
    kept = {"type": "random:index/randomId:RandomId", "parent": PARENT, "outputs": {"keepers": record("home.example")}}
    other = {**kept, "parent": PARENT.replace("matrix_identity", "another")}
    state = {"deployment": {"resources": [{"type": "pulumi:pulumi:Stack"}, other | {"outputs": {}}, kept]}}
    assert applied_record(state) == record("home.example"), "that of the component"
    assert renamed(applied_record(state), "new.example"), "so `make up` refuses before the engine starts"


@pytest.mark.parametrize("state", [{}, {"deployment": None}, {"deployment": {"resources": [{"type": "x"}]}}])
def test_without_a_record_nothing_was_started(state: dict[str, object]) -> None:
    assert applied_record(state) == {}, "so every name is free"
