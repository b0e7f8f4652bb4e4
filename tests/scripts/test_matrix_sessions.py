"""The script that ends sessions of chat, against a double of the service's admin API."""

import json
from collections.abc import Callable

import pytest

from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from doubles.loopback import Reply, Request, serving
from doubles.matrix_admin import PROVIDER, MatrixAdmin
from scripts import gate, matrix_sessions

CLIENT, SECRET = "01K8HC7XV4Q2M9D6T3R5N0ENDS", "s3cret"


def service(admin_clients: tuple[str, ...] = (CLIENT,)) -> MatrixAdmin:
    """Jane and Judy are signed in, each in a browser, by two clients of today and by one of the old login."""
    people = {
        name: {
            "user-sessions": [f"{name}-browser"],
            "oauth2-sessions": [f"{name}-laptop", f"{name}-phone"],
            "compat-sessions": [f"{name}-old"],
        }
        for name in ("jane", "judy")
    }
    return MatrixAdmin(clients={CLIENT: SECRET}, admin_clients=admin_clients, people=people)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def script(
        respond: Callable[[Request], Reply],
        people: tuple[str, ...] = ("jane",),
        seconds: float = 60,
        secret: str = SECRET,
    ) -> int:
        with serving(respond) as double:
            environment = {
                "ACCOUNT_URL": double.url,
                "CLIENT_ID": CLIENT,
                "CLIENT_SECRET": secret,
                "PROVIDER_ID": PROVIDER,
                "PEOPLE": json.dumps(people),
                "SECONDS": str(seconds),
            }
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.0)
            return matrix_sessions.main()

    return script


def test_who_may_log_in_no_more_has_nothing_open_and_the_others_keep_what_they_have(run: Callable[..., int]) -> None:
    chat = service()
    assert run(chat) == 0, "judy left the group or the stack file"
    assert not any(chat.people["judy"].values()), "browser, clients and clients of the old login"
    assert chat.people["jane"] == service().people["jane"], "nobody else is signed out"
    chat.finished.clear()
    assert run(chat) == 0, "again"
    assert chat.finished == [], "there is nothing left to end"


def test_sessions_and_people_beyond_the_first_page_are_found(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix_sessions, "_PAGE", 2)
    chat = service()
    for number in range(5):
        chat.people[f"other-{number}"] = {"oauth2-sessions": [f"{number}-{device}" for device in range(5)]}
    assert run(chat, people=()) == 0, "a page has an end"
    assert not any(open_ones for kinds in chat.people.values() for open_ones in kinds.values()), "nobody is overlooked"


def test_a_scheduled_run_that_ends_something_is_seen(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEDULED", "true")
    assert run(service()) == 1, "somebody was let in who is not in the stack file"
    assert "session of judy ended: client" in capsys.readouterr().err, "and it says who"


@pytest.mark.parametrize(
    "first", [Reply(503), Reply(200, "<html>starting</html>"), Reply(401, {"error": "invalid_client"})]
)
def test_a_service_that_starts_is_waited_for(run: Callable[..., int], first: Reply) -> None:
    chat, answers = service(), iter([first])
    assert run(lambda request: next(answers, None) or chat(request)) == 0, "it came up"
    assert not any(chat.people["judy"].values()), "and the work was done"


@pytest.mark.parametrize(("admin_clients", "secret", "status"), [((), SECRET, 403), ((CLIENT,), "wrong", 401)])
def test_a_client_that_may_not_is_told(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    admin_clients: tuple[str, ...],
    secret: str,
    status: int,
) -> None:
    assert run(service(admin_clients), seconds=-1, secret=secret) == 1, "a Job without proof must fail"
    said = capsys.readouterr().err
    assert f"POST /oauth2/token: answered {status}" in said, "says why"
    assert "wrong" not in said, "and not the secret"


def test_the_double_knows_the_login_by_its_id() -> None:
    assert PROVIDER == MATRIX_UPSTREAM_ID, "links are asked for by it"
