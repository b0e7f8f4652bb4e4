"""The gate that has a blueprint applied and believes it only with proof."""

from collections.abc import Callable
from pathlib import Path

import pytest

from doubles.loopback import serving
from scripts import blueprint_apply
from scripts.blueprint_apply import main, problem
from tests.scripts.authentik import IDENTIFIER, Worker, environment, text_only, with_files


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look per run, and no pause: the double has finished when it answers, or never will."""
    monkeypatch.setattr(blueprint_apply, "RUN_SECONDS", 0.01)
    monkeypatch.setattr(blueprint_apply, "POLL_SECONDS", 0.0)


def applied(server: Worker, directory: Path, **changes: str) -> str:
    with serving(server.respond) as api:
        return problem(environment(directory, api.url, "new text") | changes)


@pytest.mark.parametrize("hashed", [text_only, with_files])
def test_a_good_run_on_the_wanted_text_and_secret_opens_the_gate(
    tmp_path: Path, hashed: Callable[[str, str], str]
) -> None:
    server = Worker(text="new text", hashed=hashed)
    assert applied(server, tmp_path) == "", "in this release and the next"
    assert server.asked == 1, "by a run that was asked for: the row alone applies nothing"


def test_an_earlier_good_run_is_no_proof_while_the_new_one_has_not_ended(tmp_path: Path) -> None:
    server = Worker(text="new text", runs=False, applied=("new text", "new"), status="successful")
    assert "no run ended" in applied(server, tmp_path), "status and hash are those of the run before"


@pytest.mark.failure("failure-that-is-swallowed")
def test_a_failed_run_keeps_it_shut_even_when_an_earlier_one_was_good(tmp_path: Path) -> None:
    server = Worker(text="new text", outcome="error", applied=("new text", "new"), status="successful")
    assert "status error" in applied(server, tmp_path), "the hash stays that of the last good run"


def test_a_run_on_the_old_text_keeps_it_shut(tmp_path: Path) -> None:
    assert "another version" in applied(Worker(text="old text"), tmp_path), "successful, but not what was wanted"


def test_a_worker_that_lost_the_file_keeps_it_shut(tmp_path: Path) -> None:
    assert "status error" in applied(Worker(text=None), tmp_path), "there is nothing to apply"


def test_a_run_on_the_old_secret_keeps_it_shut_although_status_and_hash_are_right(tmp_path: Path) -> None:
    server = Worker(text="new text", secret="old")
    assert "invalid_client" in applied(server, tmp_path), "only the token endpoint tells the secrets apart"


def test_a_redirect_uri_that_authentik_does_not_know_keeps_it_shut(tmp_path: Path) -> None:
    found = applied(Worker(text="new text"), tmp_path, REDIRECT_URI="https://git.example.test/other")
    assert "invalid_client" in found, "no login could come back"


def test_a_secret_mounted_here_that_is_older_than_wanted_is_no_yardstick(tmp_path: Path) -> None:
    found = applied(Worker(text="new text"), tmp_path, SECRET_GENERATION="3")
    assert "still generation 2" in found, "the old secret would prove the old client"


def test_a_blueprint_without_a_client_is_proven_by_its_run(tmp_path: Path) -> None:
    server = Worker(text="new text")
    with serving(server.respond) as api:
        given = environment(tmp_path, api.url, "new text")
        found = problem({key: value for key, value in given.items() if not key.startswith(("CLIENT", "SECRET"))})
        assert not [one for one in api.requests if "/token/" in one.path], "there is no client to ask about"
    assert found == "", "status and hash are all there is"


def test_a_row_that_is_gone_is_named_with_its_remedy(tmp_path: Path) -> None:
    found = applied(Worker(text="new text"), tmp_path, BLUEPRINT_ID="other")
    assert "refresh" in found, "Authentik deletes rows whose file it cannot read"


def test_no_message_holds_a_secret(tmp_path: Path) -> None:
    servers = (Worker(text="new text", secret="old"), Worker(text=None), Worker(text="new text", up=False))
    messages = " ".join(applied(server, tmp_path) for server in servers)
    assert "api-token" not in messages, "the log is readable for more people than the token"


def test_the_gate_asks_again_until_the_worker_has_read_the_new_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Worker(text="new text", secret="old", up=False)
    steps = iter([("up", True), ("secret", "new")])
    monkeypatch.setattr("scripts.gate.time.sleep", lambda _: setattr(server, *next(steps)))
    with serving(server.respond) as api:
        for key, value in environment(tmp_path, api.url, "new text").items():
            monkeypatch.setenv(key, value)
        assert main() == 0, "down, then up with the old secret, then with the new one"
    assert server.asked == 2, "each look is a run of its own"
    assert server.applied == ("new text", "new"), "the last one with what is wanted"


def test_a_membership_by_hand_is_taken_back_on_schedule_and_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Worker(text="new text", members=["jane", "mallory"])
    with serving(server.respond) as api:
        for key, value in (environment(tmp_path, api.url, "new text") | {"SCHEDULED": "true"}).items():
            monkeypatch.setenv(key, value)
        assert main() == 1, "a run that had to correct something fails, to be seen"
        assert server.members == ["jane"], "though the text is the same as ever"
        assert capsys.readouterr().err == "core/groups admins: users was ['jane', 'mallory'], is ['jane']\n", "who"
        assert main() == 0, "the next finds nothing"


def test_a_gate_looks_at_its_own_blueprint_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Worker(text="new text", members=["mallory"]).respond) as api:
        for key, value in environment(tmp_path, api.url, "new text").items():
            monkeypatch.setenv(key, value)
        assert main() == 0, "an update is to change things"
        assert not [one for one in api.requests if "core/" in one.path], "so nobody asks what it changed"


def of_a_token(directory: Path, server: Worker, **changes: str) -> str:
    """What is wrong with the blueprint of a token, which has no client."""
    with serving(server.respond) as api:
        given = environment(directory, api.url, "new text") | {"TOKEN_IDENTIFIER": IDENTIFIER} | changes
        return problem({key: value for key, value in given.items() if key not in ("CLIENT_ID", "REDIRECT_URI")})


def test_a_token_with_the_mounted_value_opens_the_gate(tmp_path: Path) -> None:
    assert of_a_token(tmp_path, Worker(text="new text")) == "", "Authentik says which value it has"


def test_a_token_that_the_worker_read_too_early_keeps_it_shut(tmp_path: Path) -> None:
    found = of_a_token(tmp_path, Worker(text="new text", secret="old"))
    assert f"{IDENTIFIER} has another value" in found, "status and hash are right all the same"
    assert "old" not in found, "and the log does not tell which"


def test_on_schedule_no_token_is_looked_up(tmp_path: Path) -> None:
    found = of_a_token(tmp_path, Worker(text="new text", secret="old"), SCHEDULED="true")
    assert found == "", "or the audit log would say every hour that somebody viewed a secret"


def test_a_token_that_nobody_made_keeps_it_shut(tmp_path: Path) -> None:
    found = of_a_token(tmp_path, Worker(text="new text"), TOKEN_IDENTIFIER="home-cluster-other")
    assert "404" in found, "a run that ended well made another"


def test_a_token_mounted_here_that_is_older_than_wanted_is_no_yardstick(tmp_path: Path) -> None:
    found = of_a_token(tmp_path, Worker(text="new text"), SECRET_GENERATION="3")
    assert "still generation 2" in found, "the old value would prove the old token"
