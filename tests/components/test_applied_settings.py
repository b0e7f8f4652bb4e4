"""The record of the settings that cannot change freely, and the signing key of chat, which is one of them."""

from typing import Any

import pulumi
import pytest

from components.applied_settings import AppliedSettings, AppliedSettingsArgs
from components.matrix.signing_key import fingerprint
from settings import changes
from settings.rules import POD_NETWORK, VOLUME
from tests.stack_file.stacks import FIXTURES
from tests.support.components import record_component
from tests.support.engine import Recording
from tests.support.program import record_program, secret_values

RECORD = "pulumi:index:Stash"
KV = "vault:kv/secretV2:SecretV2"
SEED = "random:index/randomBytes:RandomBytes"
KEY = "matrixSigningKey"


@pytest.fixture(scope="module")
def imported() -> Recording:
    """The whole program with an imported key."""
    return record_program(preview=False, optional_secrets=(KEY,))


def record(recording: Recording) -> dict[str, str]:
    found: dict[str, str] = recording.one(RECORD, "*-record").get("input")
    return found


def written(recording: Recording) -> str:
    """What Vault gets as the signing key."""
    (kv,) = [one for one in recording.of_type(KV) if one.get("name") == "platform/matrix/signing-key"]
    assert kv.is_secret("dataJson"), "encrypted in the state"
    return str(kv.get("dataJson"))


def test_the_record_holds_every_setting_with_a_rule_in_the_open(update: Recording) -> None:
    held = record(update)
    assert held["cluster.name"] == "test-cluster", "in the words of the stack file"
    assert not [key for key in held if key.startswith("rotation.")], "nothing was rotated yet"
    assert held[KEY] == "a generated one", "and whose key chat is known by"
    assert not update.one(RECORD, "*-record").is_secret("input"), (
        "an encrypted record could not be compared without the passphrase"
    )


def test_nothing_is_touched_before_the_comparison(update: Recording) -> None:
    first = update.one(RECORD, "*-record")
    early = {
        one.name for one in update.resources if one.custom and one is not first and not update.is_after(one, first)
    }
    assert early == {"random", "tls"}, "these two make no connection; all others could do harm"


def refusal(**applied: str) -> str:
    """What the program says when the state holds something else; empty when it goes on."""
    ruled = [
        changes.Setting(key="network.pods", rule=POD_NETWORK, value="10.244.0.0/16"),
        changes.Setting(key="gitea.size", rule=VOLUME, value="10Gi"),
    ]

    def build(opts: pulumi.ResourceOptions) -> None:
        AppliedSettings("applied", AppliedSettingsArgs(settings=ruled), opts)

    recording = record_component(build)
    (hook,) = recording.hooks.values()
    assert recording.one(RECORD).hooks == {"before_update": (hook.name,)}, "and before the record changes"
    assert hook.opts is not None, "the hook has options"
    assert hook.opts.on_dry_run, "else a preview would promise what the update refuses"
    old: Any = {"input": {key.replace("_", "."): value for key, value in applied.items()}}
    args = pulumi.ResourceHookArgs("urn", "id", "name", RECORD, {"input": record(recording)}, old)
    try:
        hook(args)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.failure("setting-that-cannot-change")
def test_a_state_that_holds_something_else_ends_the_program() -> None:
    assert refusal(network_pods="10.244.0.0/16", gitea_size="5Gi") == "", "it grew"
    assert refusal() == "", "a record of an earlier release of this program names fewer"
    told = refusal(network_pods="10.1.0.0/16", gitea_size="20Gi").splitlines()
    assert [line.split(": ")[0] for line in told] == ["network.pods", "gitea.size"], "each on its line"


def test_an_imported_key_takes_the_place_of_the_generated_one(imported: Recording, update: Recording) -> None:
    key = secret_values()[KEY]
    assert key in written(imported), "the very key"
    assert key not in written(update), "which nobody imported there"
    made = [one.name for one in imported.of_type(SEED) if "signing-key" in one.name]
    assert made == [], "no second key is made beside it"


def test_an_imported_key_is_named_in_the_open_but_never_shown(imported: Recording) -> None:
    assert record(imported)[KEY] == fingerprint(secret_values()[KEY]), "its name"
    assert not imported.one(RECORD, "*-record").is_secret("input"), "an encrypted record could not be compared"


@pytest.mark.parametrize("key", ["nonsense", "ed25519 a_old c2hvcnQ"])
def test_a_malformed_key_is_refused_before_anything_is_created(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr("tests.support.program.secret_values", lambda *_: {**secret_values(), KEY: key})
    with pytest.raises(ValueError, match=r"matrixSigningKey: .*write the line of the old server") as refused:
        record_program.__wrapped__(preview=False, optional_secrets=(KEY,))
    assert key not in str(refused.value), "the message goes to logs"


def test_chat_that_is_switched_off_and_kept_stays_what_it_was_known_by() -> None:
    off = FIXTURES / "valid" / "services-off.yaml"
    recording = record_program(preview=False, stack_file=off, optional_secrets=(KEY,))
    assert record(recording)["matrix.serverName"] == "home.example.com", "the name"
    assert record(recording)[KEY] == fingerprint(secret_values()[KEY]), "and the key"
    assert secret_values()[KEY] in written(recording), "the imported key, not one made in its place"
    assert not [one for one in recording.resources if one.name == "matrix-release"], "nothing runs"
