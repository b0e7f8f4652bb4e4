"""The gate of a service, against a double of the service."""

import json
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.gitea.login import SOURCE as GITEA_SOURCE
from declarations.oidc import SCOPES
from doubles.authentik import Authentik, Client, Held
from doubles.certificates import Authority
from doubles.client import Login
from doubles.gitea.login import Source, gitea
from doubles.loopback import Reply, Respond, greeting, serving
from doubles.web import Asked
from scripts import gate, login_offered

LOGIN = "https://auth.example.com/application/o/authorize/?client_id=gitea"


SOURCE = Source(
    login=Login(
        issuer="https://auth.example.com/application/o/gitea/",
        client_id="gitea",
        secret="made-up",
        redirect_uri="https://git.example.com/callback",
        scopes=SCOPES,
    ),
    name=GITEA_SOURCE,
    required_group="people",
    admin_group="admins",
)


def offering(*faults: str) -> Respond:
    """Gitea, which offers the login on its page and leads to it."""
    client = Client(slug="gitea", client_id="gitea", redirect_uris=())
    answer = gitea(SOURCE, Authentik(Held("auth.example.com", {"gitea": client})).answer, faults)
    return lambda request: answer(Asked(request))


service = offering()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[dict[str, str]], float], int]:
    """Run the gate on checks whose URLs are paths of the double."""

    def asked(url: str, checks: list[dict[str, str]], seconds: float) -> int:
        monkeypatch.setenv("CHECKS", json.dumps([{**check, "url": url + check["url"]} for check in checks]))
        monkeypatch.setenv("SECONDS", str(seconds))
        monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.01)
        return login_offered.main()

    return asked


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("platform")


@pytest.fixture(scope="module")
def tls_server(authority: Authority) -> Iterator[str]:
    """URL of a server on the loopback with a certificate of the authority; it answers `ok`."""
    with serving(lambda _: Reply(200, "ok"), authority.server()) as double:
        yield double.url


PAGE, START = "/user/login", f"/user/oauth2/{GITEA_SOURCE}"
CHECKS = [{"url": PAGE, "body": START}, {"url": START, "location": "client_id=gitea"}]


def test_a_service_that_offers_the_login_and_leads_to_it_opens_the_gate(run: Callable[..., int]) -> None:
    with serving(service) as double:
        assert run(double.url, CHECKS, 0) == 0, "everything is as it should be"


def test_redirects_are_looked_at_and_not_followed(run: Callable[..., int]) -> None:
    with serving(service) as double:
        run(double.url, CHECKS, 0)
        paths = [request.path for request in double.requests]
    assert paths == [PAGE, START], "following it would ask Authentik, which is another gate's business"


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (Reply(200, "<h1>Sign in with a password</h1>"), "without /user/oauth2/authentik"),
        (Reply(502), "answered 502"),
        (Reply(404, "/user/oauth2/authentik"), "answered 404"),
    ],
    ids=["no login", "bad gateway", "an error page that names the login"],
)
def test_a_page_without_the_login_keeps_the_gate_shut_and_says_why(
    reply: Reply, word: str, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda _: reply) as double:
        assert run(double.url, CHECKS[:1], -1) == 1, "a Job that ends without proof must fail"
    assert word in capsys.readouterr().err, "the log of the gate is all a person sees"


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (Reply(302, headers={"Location": LOGIN.replace("gitea", "harbor")}), "client_id=harbor"),
        (Reply(200, LOGIN), "nowhere"),
        (Reply(500), "answered 500"),
    ],
    ids=["another client", "no redirect", "failed discovery"],
)
def test_a_login_that_leads_elsewhere_keeps_the_gate_shut_and_says_where(
    reply: Reply, word: str, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda _: reply) as double:
        assert run(double.url, CHECKS[1:], -1) == 1, "a Job that ends without proof must fail"
    assert word in capsys.readouterr().err, "the log of the gate is all a person sees"


def test_git_over_ssh_is_a_server_that_says_so(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    with greeting(b"SSH-2.0-Go\r\n") as (host, port):
        assert run("", [{"url": f"ssh://git@{host}:{port}"}], 0) == 0, "it says what it is before anybody asks"
    for words in (b"HTTP/1.1 400 Bad Request\r\n", b""):
        with greeting(words) as (host, port):
            assert run("", [{"url": f"ssh://git@{host}:{port}"}], -1) == 1, "an open port proves nothing"
    assert run("", [{"url": f"ssh://git@{host}:{port}"}], -1) == 1, "and neither does a name"
    told = capsys.readouterr().err
    assert "no SSH server (it says b'HTTP/1.1 400" in told, "who is there instead"
    assert "not reached" in told, "where nobody is"


def test_all_checks_must_hold_in_the_same_round(run: Callable[..., int]) -> None:
    with serving(lambda request: service(request) if request.path == PAGE else Reply(503)) as double:
        assert run(double.url, CHECKS, -1) == 1, "one right answer of two is not enough"


def test_a_certificate_of_an_unknown_authority_is_not_trusted(tls_server: str) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    problem = login_offered.problem(opener, {"url": tls_server, "body": "ok"})
    assert "CERTIFICATE_VERIFY_FAILED" in problem, "a gate that trusts anybody would open for anybody"


def test_the_certificate_of_the_clusters_authority_is_trusted(
    tls_server: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("CHECKS", json.dumps([{"url": tls_server, "body": "ok"}]))
    monkeypatch.setenv("SECONDS", "-1")
    assert login_offered.main() == 0, "SSL_CERT_FILE is how the Job is told whom to trust"
