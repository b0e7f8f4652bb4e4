"""The gate of a service, against a double of the service."""

import json
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from components.gitea.login import SOURCE as GITEA_SOURCE
from declarations.oidc import SCOPES
from doubles.authentik import Authentik, Client, Held
from doubles.certificates import Authority
from doubles.client import Answer, Login, as_json
from doubles.gitea.login import Source, flash, gitea
from doubles.loopback import Reply, Request, Respond, greeting, serving
from doubles.matrix import page_of
from doubles.web import Asked
from scripts import code_exchange, gate, login_offered

LOGIN = "https://auth.example.com/application/o/authorize/?client_id=gitea"

PAGE, START = "/user/login", f"/user/oauth2/{GITEA_SOURCE}"
CHECKS = [{"url": PAGE, "body": START}, {"url": START, "location": "client_id=gitea"}]
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
    """Gitea, which offers the login on its page, leads to it, and takes who comes back."""
    answers: dict[str, Answer] = {}

    def respond(request: Request) -> Reply:
        host = request.headers["Host"]
        if host not in answers:
            back = f"https://{host}{START}/callback"
            client = Client(slug="gitea", client_id="gitea", redirect_uris=(back,), secret=SOURCE.login.secret)
            authentik = Authentik(Held("auth.example.com", {"gitea": client})).answer
            login = replace(SOURCE.login, redirect_uri=back)
            answers[host] = gitea(replace(SOURCE, login=login), authentik, faults)
        return answers[host](Asked(request))

    return respond


@dataclass(frozen=True)
class Shown:
    """File of an authority, and a server's context with a certificate of it: cookies of a session need TLS."""

    authority: Path
    context: ssl.SSLContext


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, shown: Shown) -> Callable[[str, list[dict[str, str]], float], int]:
    """Run the gate on checks whose URLs are paths of the double."""

    def asked(url: str, checks: list[dict[str, str]], seconds: float) -> int:
        monkeypatch.setenv("CHECKS", json.dumps([{**check, "url": url + check["url"]} for check in checks]))
        monkeypatch.setenv("SECONDS", str(seconds))
        monkeypatch.setenv("SSL_CERT_FILE", str(shown.authority))
        monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.01)
        return login_offered.main()

    return asked


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    authority, directory = Authority("platform"), tmp_path_factory.mktemp("loopback")
    (directory / "ca.pem").write_bytes(authority.pem)
    return Shown(directory / "ca.pem", authority.server())


@pytest.fixture(scope="module")
def tls_server(shown: Shown) -> Iterator[str]:
    """URL of a server on the loopback with a certificate of the authority; it answers `ok`."""
    with serving(lambda _: Reply(200, "ok"), shown.context) as double:
        yield double.url


def test_a_service_that_offers_the_login_and_leads_to_it_opens_the_gate(run: Callable[..., int], shown: Shown) -> None:
    with serving(offering(), shown.context) as double:
        assert run(double.url, CHECKS, 0) == 0, "everything is as it should be"


def test_redirects_are_looked_at_and_not_followed(run: Callable[..., int], shown: Shown) -> None:
    with serving(offering(), shown.context) as double:
        run(double.url, CHECKS, 0)
        paths = [request.path.partition("?")[0] for request in double.requests]
    assert paths == [PAGE, START, f"{START}/callback"], "Authentik is asked by the service alone"


@pytest.mark.failure("outdated-client-secret")
@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (flash("invalid_client"), "told invalid_client: its client secret is not Authentik's"),
        (as_json("invalid_client"), "told invalid_client"),
        (page_of("invalid_client"), "told invalid_client"),
        (Reply(500, "Internal Server Error"), "does not say what Authentik told it (answer 500)"),
        (Reply(302, headers={"Location": "/"}), "does not say what Authentik told it (answer 302)"),
    ],
    ids=["Gitea", "Harbor", "Matrix", "an error of its own", "a login that came to its end"],
)
def test_a_service_with_another_client_secret_keeps_the_gate_shut(
    run: Callable[..., int], shown: Shown, capsys: pytest.CaptureFixture[str], answer: Reply, word: str
) -> None:
    def respond(request: Request) -> Reply:
        back = urlencode({"redirect_uri": f"https://{request.headers['Host']}/callback", "state": "s7"})
        begun = Reply(302, headers={"Location": f"{LOGIN}&{back}"})
        return answer if request.path == "/callback?code=none&state=s7" else begun

    with serving(respond, shown.context) as double:
        assert run(double.url, CHECKS[1:], -1) == 1, "every login would end in invalid_client"
    assert word in capsys.readouterr().err, "the log of the gate is all a person sees"


@pytest.mark.parametrize("passed_on", [flash, as_json, page_of])
def test_each_service_passes_on_that_its_secret_was_taken(passed_on: Callable[[str], Reply]) -> None:
    reply = passed_on("invalid_grant")
    text = f"{reply.headers}{reply.content.decode()}"
    assert code_exchange.problem("https://git.example.com/callback", reply.status, text) == "", "in words of its own"


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
    service = offering()
    with serving(lambda request: service(request) if request.path == PAGE else Reply(503)) as double:
        assert run(double.url, CHECKS, -1) == 1, "one right answer of two is not enough"


@pytest.mark.failure("untrusted-authority")
def test_a_certificate_of_an_unknown_authority_is_not_trusted(tls_server: str) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    problem = login_offered.problem(opener, {"url": tls_server, "body": "ok"})
    assert "CERTIFICATE_VERIFY_FAILED" in problem, "a gate that trusts anybody would open for anybody"


def test_the_certificate_of_the_clusters_authority_is_trusted(
    tls_server: str, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(shown.authority))
    monkeypatch.setenv("CHECKS", json.dumps([{"url": tls_server, "body": "ok"}]))
    monkeypatch.setenv("SECONDS", "-1")
    assert login_offered.main() == 0, "SSL_CERT_FILE is how the Job is told whom to trust"
