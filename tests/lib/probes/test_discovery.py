"""The gate of an OIDC application against a double of Authentik's public pages."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from doubles.loopback import Double, Reply, Request, Respond, serving
from lib.probes.discovery import main, problem

CALLBACK = "https://git.example.test/callback"
OTHER = "http://localhost:8250/oidc/callback"
KEYS = {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1"}]}


class Public:
    """What people see of Authentik; every member can be made wrong."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.keys: dict[str, Any] = KEYS
        self.known = [CALLBACK, OTHER]
        self.login: Callable[[str], Reply] | None = None

    def complete(self, url: str) -> None:
        """The document of an application served at `url`."""
        self.document = {
            "issuer": f"{url}/application/o/gitea/",
            "authorization_endpoint": f"{url}/application/o/authorize/",
            "token_endpoint": f"{url}/application/o/token/",
            "userinfo_endpoint": f"{url}/application/o/userinfo/",
            "jwks_uri": f"{url}/application/o/gitea/jwks/",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def respond(self, request: Request) -> Reply:
        parts = urlsplit(request.path)
        match parts.path:
            case "/application/o/gitea/.well-known/openid-configuration":
                return Reply(body=self.document)
            case "/application/o/gitea/jwks/":
                return Reply(body=self.keys)
            case "/application/o/authorize/":
                return self._authorize(parse_qs(parts.query))
        return Reply(404)

    def _authorize(self, query: dict[str, list[str]]) -> Reply:
        (uri,) = query["redirect_uri"]
        if self.login is not None:
            return self.login(uri)
        if query["client_id"] != ["gitea"] or uri not in self.known:
            return Reply(400, "Redirect URI Error")
        return Reply(302, headers={"Location": "/flows/-/default/authentication/?next=/"})


def given(url: str) -> dict[str, str]:
    issuer = f"{url}/application/o/gitea/"
    return {
        "ISSUER": issuer,
        "DISCOVERY_URL": f"{issuer}.well-known/openid-configuration",
        "CLIENT_ID": "gitea",
        "REDIRECT_URIS": f"{CALLBACK}\n{OTHER}",
        "SECONDS": "60",
    }


def found(spoil: Callable[[Public, str], None] = lambda *_: None) -> str:
    public = Public()
    with serving(public.respond) as double:
        public.complete(double.url)
        spoil(public, double.url)
        return problem(given(double.url))


def test_what_was_declared_opens_the_gate() -> None:
    assert found() == "", "issuer, endpoints, key and both logins are right"


def changed(field: str, value: Callable[[str], Any]) -> Callable[[Public, str], None]:
    def spoil(public: Public, url: str) -> None:
        public.document[field] = value(url)

    return spoil


@pytest.mark.parametrize(
    "issuer",
    [
        lambda url: f"{url}/application/o/gitea",
        lambda url: f"{url}/",
        lambda url: f"{url.replace('http:', 'https:')}/application/o/gitea/",
        lambda _: "http://authentik-server.authentik.svc/application/o/gitea/",
    ],
    ids=["slash", "global", "scheme", "host"],
)
def test_an_issuer_that_differs_in_one_letter_keeps_it_shut(issuer: Callable[[str], str]) -> None:
    assert "the issuer is" in found(changed("issuer", issuer)), "clients compare it letter by letter"


def test_an_issuer_that_turned_http_behind_the_proxy_keeps_it_shut() -> None:
    public = Public()
    with serving(public.respond) as double:
        public.complete(double.url)
        wanted = "https://auth.example.test/application/o/gitea/"
        public.document["issuer"] = wanted.replace("https", "http")
        message = problem(given(double.url) | {"ISSUER": wanted})
    assert "'http://auth" in message, "what it is"
    assert f"must be {wanted!r}" in message, "and what it must be"


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"])
def test_an_endpoint_on_another_host_keeps_it_shut(endpoint: str) -> None:
    message = found(changed(endpoint, lambda _: "http://authentik-server.authentik.svc/x"))
    assert message.startswith(f"{endpoint} is "), "nobody outside the cluster could reach it"


def test_a_host_that_only_begins_like_the_right_one_is_another_host() -> None:
    message = found(changed("token_endpoint", lambda url: f"{url}.evil.test/token"))
    assert message.startswith("token_endpoint is "), "the whole name counts"


@pytest.mark.parametrize("algorithms", [["HS256"], []])
def test_tokens_signed_with_the_client_secret_keep_it_shut(algorithms: list[str]) -> None:
    message = found(changed("id_token_signing_alg_values_supported", lambda _: algorithms))
    assert "no signing key" in message, "the cause, not only the symptom"


@pytest.mark.parametrize(
    "keys", [{}, {"keys": []}, {"keys": [{"kty": "EC"}]}, {"keys": [{"kty": "RSA", "use": "enc"}]}]
)
def test_a_key_set_without_an_rsa_signing_key_keeps_it_shut(keys: dict[str, Any]) -> None:
    assert found(lambda public, _: setattr(public, "keys", keys)) == "the key set has no RSA signing key", (
        "tokens could not be verified"
    )


def test_a_provider_without_grant_types_keeps_it_shut() -> None:
    def refuse(uri: str) -> Reply:
        return Reply(302, headers={"Location": f"{uri}?{urlencode({'error': 'invalid_request'})}"})

    message = found(lambda public, _: setattr(public, "login", refuse))
    assert "cannot start: invalid_request" in message, "the client would get this back instead of a code"


def test_a_redirect_uri_that_authentik_does_not_know_keeps_it_shut_and_is_named() -> None:
    assert found(lambda public, _: public.known.remove(OTHER)) == f"a login to {OTHER} cannot start: 400", (
        "the second one is looked at too"
    )


def test_a_page_instead_of_a_login_keeps_it_shut() -> None:
    message = found(lambda public, _: setattr(public, "login", lambda _: Reply(200, "<html>")))
    assert "answered 200" in message, "Authentik sends people to its login"


@pytest.mark.parametrize(("respond", "word"), [(lambda _: Reply(404), "404"), (lambda _: Reply(200, "<html>"), "JSON")])
def test_an_application_that_is_not_there_keeps_it_shut(respond: Respond, word: str) -> None:
    with serving(respond) as double:
        assert word in problem(given(double.url)), "what came back is named"


def _run(monkeypatch: pytest.MonkeyPatch, double: Double, seconds: str) -> int:
    for key, value in (given(double.url) | {"SECONDS": seconds}).items():
        monkeypatch.setenv(key, value)
    return main()


def test_the_gate_opens_once_the_application_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    public = Public()
    there = iter([False])
    monkeypatch.setattr("lib.probes.gate.time.sleep", lambda _: None)
    with serving(lambda request: public.respond(request) if next(there, True) else Reply(502)) as double:
        public.complete(double.url)
        assert _run(monkeypatch, double, "60") == 0, "the first answer is no reason to give up"


def test_the_gate_gives_up_with_a_failure_once_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: Reply(404)) as double:
        assert _run(monkeypatch, double, "-1") == 1, "a Job that ends without proof must fail"
