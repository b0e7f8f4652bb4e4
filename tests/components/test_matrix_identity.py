"""What the homeserver is known by, in the program."""

import pulumi
import pytest

from components.matrix_identity import MatrixIdentity, MatrixIdentityArgs
from lib.matrix import identity
from lib.matrix.signing_key import fingerprint
from tests.settings.stacks import FIXTURES
from tests.support.components import record_component
from tests.support.engine import Recording
from tests.support.program import record_program, secret_values

RECORD = "random:index/randomId:RandomId"
KV = "vault:kv/secretV2:SecretV2"
SEED = "random:index/randomBytes:RandomBytes"


@pytest.fixture(scope="module")
def imported() -> Recording:
    """The whole program with an imported key."""
    return record_program(preview=False, optional_secrets=("matrixSigningKey",))


def written(recording: Recording) -> str:
    """What Vault gets as the signing key."""
    (kv,) = [one for one in recording.of_type(KV) if one.get("name") == "platform/matrix/signing-key"]
    assert kv.is_secret("dataJson"), "encrypted in the state"
    return str(kv.get("dataJson"))


def test_the_record_says_the_name_and_whose_key_it_is_and_is_never_changed(update: Recording) -> None:
    record = update.one(RECORD)
    assert record.get("keepers") == identity.record("test-cluster.agentydragon.com"), "in the open, to be compared"
    assert list(record.ignore_changes) == ["keepers"], "so the state keeps what was first"


def test_an_imported_key_takes_the_place_of_the_generated_one(imported: Recording, update: Recording) -> None:
    key = secret_values()["matrixSigningKey"]
    assert key in written(imported), "the very key"
    assert key not in written(update), "which nobody imported there"
    made = [one.name for one in imported.of_type(SEED) if "signing-key" in one.name]
    assert made == [], "no second key is made beside it"


def test_an_imported_key_is_named_in_the_open_but_never_shown(imported: Recording) -> None:
    record = imported.one(RECORD)
    assert record.get("keepers", "signingKey") == fingerprint(secret_values()["matrixSigningKey"]), "its name"
    assert not record.is_secret("keepers"), "an encrypted record could not be compared without the passphrase"


@pytest.mark.parametrize("key", ["nonsense", "ed25519 a_old c2hvcnQ"])
def test_a_malformed_key_is_refused_before_anything_is_created(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr("tests.support.program.secret_values", lambda: {**secret_values(), "matrixSigningKey": key})
    with pytest.raises(ValueError, match=r"matrixSigningKey: .*write the line of the old server") as refused:
        record_program.__wrapped__(preview=False, optional_secrets=("matrixSigningKey",))
    assert key not in str(refused.value), "the message goes to logs"


def test_the_release_and_the_secret_wait_for_the_comparison(update: Recording) -> None:
    record = update.one(RECORD)
    later = [
        next(one for one in update.of_type("kubernetes:helm.sh/v3:Release") if one.name == "matrix-release"),
        next(one for one in update.of_type(KV) if one.get("name") == "platform/matrix/signing-key"),
    ]
    early = [str(one) for one in later if not update.is_after(one, record)]
    assert early == [], "else they would be changed before the program is refused"


def test_a_record_that_says_otherwise_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(opts: pulumi.ResourceOptions) -> None:
        MatrixIdentity("chat", MatrixIdentityArgs(server_name="new.example"), opts)

    monkeypatch.setattr(identity, "problems", lambda applied, wanted: [f"{applied['serverName']} was compared"])
    with pytest.raises(ValueError, match=r"new\.example was compared"):
        record_component(build)


def test_chat_that_is_switched_off_and_kept_stays_what_it_was_known_by() -> None:
    off = FIXTURES / "valid" / "services-off.yaml"
    recording = record_program(preview=False, stack_file=off, optional_secrets=("matrixSigningKey",))
    assert recording.one(RECORD).get("keepers", "serverName") == "home.example.com", "the name"
    assert secret_values()["matrixSigningKey"] in written(recording), "the imported key, not one made in its place"
    assert not [one for one in recording.resources if one.name == "matrix-release"], "nothing runs"
