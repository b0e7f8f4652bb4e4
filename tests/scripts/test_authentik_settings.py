"""The system settings against a double of the API: only what is declared is sent, kept, and told of."""

import json
from typing import Any

import pytest

from doubles.loopback import serving
from scripts.authentik_settings import main
from tests.scripts.authentik import TOKEN, Worker

DECLARED = {"avatars": "initials", "default_user_change_email": False}


def packaged(**more: Any) -> Worker:
    """Settings as a release brings them."""
    found = {"avatars": "gravatar,initials", "default_user_change_email": False, "flags": {"a": True}}
    return Worker(text=None, system=found, **more)


def run(
    monkeypatch: pytest.MonkeyPatch, settings: Worker, *, seconds: str = "60", **declared: Any
) -> tuple[int, list[dict[str, Any]]]:
    """Exit code, and what was sent."""
    monkeypatch.setattr("scripts.gate.time.sleep", lambda _: None)
    monkeypatch.setenv("AUTHENTIK_TOKEN", TOKEN)
    monkeypatch.setenv("SETTINGS", json.dumps(DECLARED | declared))
    monkeypatch.setenv("SECONDS", seconds)
    with serving(settings.respond) as api:
        monkeypatch.setenv("AUTHENTIK_URL", api.url)
        code = main()
    return code, [json.loads(request.body) for request in api.requests if request.method == "PATCH"]


def test_what_differs_is_set_and_nothing_else_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = packaged()
    assert run(monkeypatch, settings) == (0, [{"avatars": "initials"}]), "another field would be set back with it"
    assert settings.system["flags"] == {"a": True}, "what nobody declared stays"
    assert run(monkeypatch, settings) == (0, []), "all is as declared, so nothing is written"


def test_a_change_by_hand_is_taken_back_and_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEDULED", "true")
    settings = packaged()
    assert run(monkeypatch, settings)[0] == 1, "a run that corrects fails, to be seen"
    assert "avatars was gravatar,initials, is initials" in capsys.readouterr().err, "what it was"
    assert run(monkeypatch, settings)[0] == 0, "the next one finds all well"


@pytest.mark.parametrize(
    ("forgets", "declared", "word"),
    [
        (frozenset({"avatars"}), {}, "does not keep the setting avatars"),
        (frozenset(), {"avatar": "initials"}, "has no setting avatar"),
    ],
)
def test_a_setting_that_is_not_in_force_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    forgets: frozenset[str],
    declared: dict[str, Any],
    word: str,
) -> None:
    assert run(monkeypatch, packaged(forgets=forgets), seconds="-1", **declared)[0] == 1, "the API ignores such fields"
    assert word in capsys.readouterr().err, "so the script looks"
