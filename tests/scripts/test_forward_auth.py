"""The gate of an application behind the login against a double of Authentik's outpost."""

from urllib.parse import urlencode

import pytest

from doubles.authentik import Authentik, Held
from doubles.authentik.state import outpost as provider
from doubles.loopback import Reply, Respond, serving
from scripts.forward_auth import problem

HOST, AUTH_HOST = "wiki.example.test", "auth.example.test"
PATH = "/outpost.goauthentik.io/auth/traefik"


def login(
    *, scheme: str = "https", auth: str = AUTH_HOST, path: str = "/application/o/authorize/", back: str = HOST
) -> Reply:
    query = {
        "client_id": "x",
        "redirect_uri": f"https://{back}/outpost.goauthentik.io/callback?X-authentik-auth-callback=true",
        "response_type": "code",
    }
    return Reply(302, headers={"Location": f"{scheme}://{auth}{path}?{urlencode(query)}"})


WIKI = provider("wiki", HOST, ())
outpost = Authentik(Held(AUTH_HOST, {WIKI.client_id: WIKI})).respond
"""Knows one host, and only what Traefik tells about the request."""


def given(url: str, host: str = HOST) -> dict[str, str]:
    return {"FORWARD_AUTH_URL": f"{url}{PATH}", "FORWARDED_HOST": host, "AUTH_HOST": AUTH_HOST, "SECONDS": "60"}


def found(respond: Respond, host: str = HOST) -> str:
    with serving(respond) as double:
        return problem(given(double.url, host))


def test_a_stranger_who_is_sent_to_the_login_and_back_opens_the_gate() -> None:
    assert found(outpost) == "", "the question is that of Traefik, the answer that of the outpost"


def test_a_host_that_the_outpost_has_not_heard_of_keeps_it_shut() -> None:
    assert "does not know other.example.test yet" in found(outpost, "other.example.test"), "it may still come"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(200), "lets a stranger through"),
        (Reply(204), "lets a stranger through"),
        (Reply(500), "answers 500"),
        (Reply(401), "answers 401"),
        (login(auth="localhost"), "https://localhost and not to https://auth.example.test"),
        (login(scheme="http"), "http://auth.example.test and not to https://"),
        (login(path="/if/flow/initial-setup/"), "/if/flow/initial-setup/, which is no login"),
        (login(back="other.example.test"), "come back to https://other.example.test/"),
        (login(back="wiki.example.test.evil"), "come back to https://wiki.example.test.evil/"),
        (Reply(302), "people would be sent to"),
    ],
)
def test_every_other_answer_keeps_it_shut(reply: Reply, reason: str) -> None:
    assert reason in found(lambda _: reply), "and says why"
