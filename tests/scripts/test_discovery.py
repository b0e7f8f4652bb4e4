"""The gate of an OIDC application against the double of Authentik, of which each answer can be made wrong."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from doubles.authentik import Authentik, Client, Held
from doubles.certificates import Authority
from doubles.loopback import Reply
from doubles.platform import running
from doubles.web import Asked
from scripts.discovery import problem
from smoke.client import Network, straight_to, trusting

HOST = "auth.example.test"
ISSUER = f"https://{HOST}/application/o/gitea/"
CALLBACK = "https://git.example.test/callback"
OTHER = "http://localhost:8250/oidc/callback"
GIVEN = {
    "ISSUER": ISSUER,
    "DISCOVERY_URL": f"{ISSUER}.well-known/openid-configuration",
    "CLIENT_ID": "gitea",
    "REDIRECT_URIS": f"{CALLBACK}\n{OTHER}",
}
DOCUMENT, KEYS, LOGIN = "openid-configuration", "jwks/", "authorize/"

Change = Callable[[Reply], Reply]
Found = Callable[..., str]


@pytest.fixture(scope="module")
def found() -> Found:
    """What the gate finds, at an instance whose answers at the end of one path are changed."""
    authority = Authority("platform")
    shown = authority.server([HOST])

    def ask(path: str = "", change: Change = lambda reply: reply, known: tuple[str, ...] = (CALLBACK, OTHER)) -> str:
        authentik = Authentik(Held(HOST, {"gitea": Client(slug="gitea", client_id="gitea", redirect_uris=known)}))

        def answer(asked: Asked) -> Reply:
            reply = authentik.answer(asked)
            return change(reply) if path and asked.path.endswith(path) else reply

        with running({HOST: answer}, {"": shown}) as double:
            way = straight_to(double.url.removeprefix("https://"))
            return problem(GIVEN, Network(trusting(authority.pem.decode()), way).opener())

    return ask


def says(**fields: Any) -> Change:
    """The document says something else."""
    return lambda reply: Reply(body={**reply.body, **fields})


def is_(reply: Reply) -> Change:
    return lambda _: reply


def test_what_was_declared_opens_the_gate(found: Found) -> None:
    assert found() == "", "issuer, endpoints, key and both logins are right"


@pytest.mark.failure("issuer-in-two-forms")
@pytest.mark.parametrize(
    "issuer",
    [
        ISSUER.rstrip("/"),
        f"https://{HOST}/",
        ISSUER.replace("https:", "http:"),
        "http://authentik-server.authentik.svc/application/o/gitea/",
    ],
    ids=["slash", "global", "scheme", "host"],
)
def test_an_issuer_that_differs_in_one_letter_keeps_it_shut(found: Found, issuer: str) -> None:
    message = found(DOCUMENT, says(issuer=issuer))
    assert f"the issuer is {issuer!r}" in message, "clients compare it letter by letter"
    assert f"must be {ISSUER!r}" in message, "and what it must be"


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"])
@pytest.mark.parametrize("host", ["http://authentik-server.authentik.svc", f"https://{HOST}.evil.test"])
def test_an_endpoint_on_another_host_keeps_it_shut(found: Found, endpoint: str, host: str) -> None:
    message = found(DOCUMENT, says(**{endpoint: f"{host}/x"}))
    assert message.startswith(f"{endpoint} is "), "nobody outside the cluster could reach it; the whole name counts"


@pytest.mark.parametrize("algorithms", [["HS256"], []])
def test_tokens_signed_with_the_client_secret_keep_it_shut(found: Found, algorithms: list[str]) -> None:
    message = found(DOCUMENT, says(id_token_signing_alg_values_supported=algorithms))
    assert "no signing key" in message, "the cause, not only the symptom"


@pytest.mark.parametrize(
    "keys", [{}, {"keys": []}, {"keys": [{"kty": "EC"}]}, {"keys": [{"kty": "RSA", "use": "enc"}]}]
)
def test_a_key_set_without_an_rsa_signing_key_keeps_it_shut(found: Found, keys: dict[str, Any]) -> None:
    assert found(KEYS, is_(Reply(body=keys))) == "the key set has no RSA signing key", "tokens could not be verified"


def test_a_provider_without_grant_types_keeps_it_shut(found: Found) -> None:
    back = Reply(302, headers={"Location": f"{CALLBACK}?{urlencode({'error': 'invalid_request'})}"})
    assert "cannot start: invalid_request" in found(LOGIN, is_(back)), "the client would get this instead of a code"


def test_a_redirect_uri_that_authentik_does_not_know_keeps_it_shut_and_is_named(found: Found) -> None:
    assert found(known=(CALLBACK,)) == f"a login to {OTHER} cannot start: 400", "the second one is looked at too"


@pytest.mark.parametrize(
    ("path", "reply", "word"),
    [
        (LOGIN, Reply(200, "<html>"), "answered 200"),
        (DOCUMENT, Reply(404), "404"),
        (DOCUMENT, Reply(200, "<html>"), "JSON"),
    ],
    ids=["a page instead of a login", "no application", "a page instead of a document"],
)
def test_anything_else_keeps_it_shut_and_is_named(found: Found, path: str, reply: Reply, word: str) -> None:
    assert word in found(path, is_(reply)), "what came back is named"
