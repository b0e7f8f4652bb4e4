"""The two scripts around Vault's initialisation, against a double of its health endpoint."""

import contextlib
from pathlib import Path

import pytest

from doubles.loopback import Respond, serving
from doubles.vault import Vault
from doubles.web import Asked, nothing
from scripts import vault_listening, vault_unsealed

KEYS = ["vault-root", "vault-unseal-0"]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The mounted Secret with both keys."""
    for key in KEYS:
        (tmp_path / key).write_text("value")
    return tmp_path


def always(status: int) -> Respond:
    """A server in one state."""
    vault = Vault(None, nothing, health=status)
    return lambda request: vault.answer(Asked(request))


def test_an_unsealed_vault_with_both_keys_opens_the_gate(keys: Path) -> None:
    with serving(always(200)) as vault:
        assert vault_unsealed.problem([vault.url], keys, KEYS) == "", "nothing is missing, so nothing may hold the gate"


@pytest.mark.parametrize(
    ("status", "word"), [(503, "sealed"), (501, "not initialised"), (429, "no leader"), (500, "500")]
)
def test_a_vault_that_does_not_serve_keeps_the_gate_shut_and_says_why(keys: Path, status: int, word: str) -> None:
    with serving(always(status)) as vault:
        assert word in vault_unsealed.problem([vault.url], keys, KEYS), "the log of the gate is all a person sees"


@pytest.mark.parametrize("lost", ["vault-root", "vault-unseal-0"])
@pytest.mark.parametrize("status", [200, 503])
def test_an_interrupted_initialisation_is_named_and_its_remedy_given(keys: Path, lost: str, status: int) -> None:
    (keys / lost).unlink()
    with serving(always(status)) as vault:
        problem = vault_unsealed.problem([vault.url], keys, KEYS)
    assert f"no {lost}" in problem, "the missing key must be named"
    back, _, deleted = problem.partition("Only where there is neither")
    assert "vault-keys.md#a-key-is-missing" in back, "the backup comes first: nothing is lost"
    assert "delete the volume claims" in deleted, "without a copy it can only be deleted"


def test_missing_keys_of_a_vault_that_was_never_initialised_are_no_loss(tmp_path: Path) -> None:
    with serving(always(501)) as vault:
        problem = vault_unsealed.problem([vault.url], tmp_path, KEYS)
    assert "delete" not in problem, "nobody may be told to delete a Vault that is about to be initialised"
    assert "not initialised" in problem, "the gate stays shut"


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((200, 429, 429), ""),
        ((200, 503, 429), "is sealed"),
        ((200, 429, 501), "is not initialised"),
        ((429, 429, 429), "no leader"),
    ],
)
def test_of_several_servers_all_are_unsealed_and_one_is_active(keys: Path, states: tuple[int, ...], told: str) -> None:
    with contextlib.ExitStack() as doubles:
        servers = [doubles.enter_context(serving(always(state))) for state in states]
        problem = vault_unsealed.problem([server.url for server in servers], keys, KEYS)
    assert (told in problem) if told else not problem, "a cluster with a server that never joined is none"
    sealed = [server.url for server, state in zip(servers, states, strict=True) if state in (501, 503)]
    assert all(url in problem for url in sealed), "the server that holds the gate is named"


@pytest.mark.parametrize("status", [200, 501, 503])
def test_any_answer_of_vault_counts_as_listening(status: int) -> None:
    with serving(always(status)) as vault:
        assert vault_listening.listening(vault.url) == "", "a sealed or empty Vault is what init is for"


def test_a_vault_that_is_not_there_is_not_listening() -> None:
    with serving(always(200)) as vault:
        closed = vault.url
    assert vault_listening.listening(closed) != "", "init would fail against a closed port"
