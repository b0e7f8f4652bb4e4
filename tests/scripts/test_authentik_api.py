"""The gate of Authentik's API against a double of it."""

import os
from pathlib import Path

import pytest

from doubles.loopback import Reply, Request, serving
from scripts.authentik_api import current_problem, problem
from tests.scripts.authentik import TOKEN, Worker, task

ADMINISTRATOR = {"user": {"username": "akadmin", "is_superuser": True}}


def answering(reply: Reply) -> str:
    with serving(lambda _: reply) as api:
        return problem(api.url, TOKEN)


def test_an_administrators_token_opens_the_gate() -> None:
    with serving(Worker(text=None).respond) as api:
        assert problem(api.url, TOKEN) == "", "the account that the token stands for, asked for with the token"
        assert "refuses the token (403)" in problem(api.url, "another"), "which Authentik does not know"


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (Reply(503), "answers 503"),
        (Reply(200, "<html>404 page not found</html>"), "not the API"),
        (Reply(200, {"user": {"username": "ada", "is_superuser": False}}), "no administrator"),
        (Reply(200, []), "no administrator"),
    ],
)
def test_anything_else_keeps_it_shut_and_says_why(reply: Reply, word: str) -> None:
    assert word in answering(reply), "the log of the gate is all a person sees"


@pytest.mark.parametrize("reply", [Reply(403), Reply(503), Reply(200, "<html>")])
def test_the_token_is_never_in_the_message(reply: Reply) -> None:
    assert TOKEN not in answering(reply), "logs are no place for it"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Secret as mounted, of the second generation, and the variables of the Job."""
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "generation").write_text("2")
    monkeypatch.setenv("TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("TOKEN_GENERATION_FILE", str(tmp_path / "generation"))
    monkeypatch.setenv("TOKEN_GENERATION", "2")
    return tmp_path


def test_an_old_token_that_still_works_does_not_open_it(mounted: Path) -> None:
    def respond(request: Request) -> Reply:
        old = request.headers["Authorization"].endswith("old")
        return Reply(body=ADMINISTRATOR) if old else Worker(text=None).respond(request)

    (mounted / "token").write_text("old")
    (mounted / "generation").write_text("1")
    with serving(respond) as api:
        environment = {**os.environ, "AUTHENTIK_URL": api.url}
        assert "still generation 1" in current_problem(environment), "Authentik may not have read the new one yet"
        (mounted / "token").write_text(TOKEN)
        (mounted / "generation").write_text("2")
        assert current_problem(environment) == "", "the kubelet has brought the new one, and Authentik takes it"


@pytest.mark.parametrize(
    "state", ["waiting_for_dependencies", "queued", "consumed", "preprocess", "running", "postprocess"]
)
def test_a_worker_that_still_applies_what_comes_with_the_release_keeps_it_shut(state: str) -> None:
    with serving(Worker(text=None, queue=[task(state)] * 50).respond) as api:
        assert "has still to apply 50 blueprints" in problem(api.url, TOKEN), "a row has ten seconds to be made"


@pytest.mark.parametrize(
    "one",
    [
        task("info"),
        task("error"),
        task("queued", again=600),
        task("queued", actor="authentik.outposts.tasks.outpost_controller"),
    ],
)
def test_what_has_ended_is_tried_again_later_or_is_no_blueprint_holds_nobody_up(one: dict[str, object]) -> None:
    with serving(Worker(text=None, queue=[one]).respond) as api:
        assert problem(api.url, TOKEN) == "", "or a gate would wait for days"
