"""The gate of a service, against a double of the service."""

import json
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count

import pytest

from doubles.loopback import Reply, Request, greeting, serving
from lib.probes import gate, login_offered
from tests.lib.probes.certificates import Authority

LOGIN = "https://auth.example.com/application/o/authorize/?client_id=gitea"
Respond = Callable[[Request], Reply]


def service(request: Request) -> Reply:
    """A service that offers the login on its page and leads to it."""
    if request.path == "/login":
        return Reply(302, headers={"Location": LOGIN})
    return Reply(200, '<a href="/user/oauth2/authentik">Sign in</a>')


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
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls_server(authority: Authority) -> Iterator[str]:
    """URL of a server on the loopback with a certificate of the authority; it answers `ok`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.leaf)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


CHECKS = [{"url": "/", "body": "/user/oauth2/authentik"}, {"url": "/login", "location": "client_id=gitea"}]


def test_a_service_that_offers_the_login_and_leads_to_it_opens_the_gate(run: Callable[..., int]) -> None:
    with serving(service) as double:
        assert run(double.url, CHECKS, 0) == 0, "everything is as it should be"


def test_redirects_are_looked_at_and_not_followed(run: Callable[..., int]) -> None:
    with serving(service) as double:
        run(double.url, CHECKS, 0)
        paths = [request.path for request in double.requests]
    assert paths == ["/", "/login"], "following it would ask Authentik, which is another gate's business"


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


def test_a_service_that_is_not_up_yet_is_asked_again(run: Callable[..., int]) -> None:
    calls = count()

    def rising(request: Request) -> Reply:
        return Reply(502) if next(calls) < 2 else service(request)

    with serving(rising) as double:
        assert run(double.url, CHECKS, 60) == 0, "an ingress answers 502 until the pods are ready"


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
    with serving(lambda request: service(request) if request.path == "/" else Reply(503)) as double:
        assert run(double.url, CHECKS, -1) == 1, "one right answer of two is not enough"


def test_a_closed_port_is_reported_as_not_reached() -> None:
    with serving(service) as double:
        closed = double.url
    problem = login_offered.problem(urllib.request.build_opener(), {"url": closed, "body": "x"})
    assert "not reached" in problem, "nobody listens there"


def test_a_certificate_of_an_unknown_authority_is_not_trusted(tls_server: str) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
    problem = login_offered.problem(opener, {"url": tls_server, "body": "ok"})
    assert "CERTIFICATE_VERIFY_FAILED" in problem, "a gate that trusts anybody would open for anybody"


def test_the_certificate_of_the_clusters_authority_is_trusted(
    tls_server: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    monkeypatch.setenv("CHECKS", json.dumps([{"url": tls_server, "body": "ok"}]))
    monkeypatch.setenv("SECONDS", "-1")
    assert login_offered.main() == 0, "SSL_CERT_FILE is how the Job is told whom to trust"
