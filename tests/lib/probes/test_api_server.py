"""The gate of the Kubernetes API, against a TLS server that demands a client certificate."""

import base64
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.probes import api_server
from tests.lib.probes.tls_double import Server, serving
from tests.support.certificates import Authority


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("kubernetes")


@pytest.fixture
def answers() -> list[tuple[int, str]]:
    """Answers in order; the last one stays."""
    return [(200, "ok")]


@pytest.fixture
def server(authority: Authority, answers: list[tuple[int, str]], tmp_path: Path) -> Iterator[Server]:
    def respond(_: str) -> tuple[int, str]:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    with serving(respond, authority, tmp_path, clients=authority) as running:
        yield running


def environment(url: str, authority: Authority, trusted: Authority | None = None, seconds: str = "0") -> dict[str, str]:
    certificate, key = authority.issue("admin")
    material = {
        "CA_CERTIFICATE": (trusted or authority).pem,
        "CLIENT_CERTIFICATE": certificate,
        "CLIENT_KEY": key,
    }
    encoded = {name: base64.b64encode(pem).decode() for name, pem in material.items()}
    return {"API_SERVER": url, "SECONDS_TO_WAIT": seconds, **encoded}


def test_a_ready_api_opens_the_gate(server: Server, authority: Authority) -> None:
    assert api_server.main(environment(server.url, authority)) == 0, "the API is ready"
    assert [path for path, _ in server.requests] == ["/readyz"], (
        "readiness is asked; a server that merely lives still refuses requests"
    )


@pytest.mark.parametrize("answers", [[(500, "[-]etcd failed"), (500, "[-]etcd failed"), (200, "ok")]])
def test_an_api_that_starts_is_waited_for(server: Server, authority: Authority) -> None:
    context = api_server.tls_context(environment(server.url, authority))
    assert api_server.wait(server.url, context, seconds=30, pause=0.01) is None, "it became ready in time"
    assert len(server.requests) == 3, "it was asked until it was ready, and no longer"


@pytest.mark.parametrize("answers", [[(500, "[-]etcd failed: reason withheld")]])
def test_a_deadline_ends_the_wait_with_the_last_answer(
    server: Server, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api_server.main(environment(server.url, authority)) == 1, "an API that is not ready must not open the gate"
    message = capsys.readouterr().err
    assert "[-]etcd failed" in message, "the failing check is what a person needs to see"
    assert server.url in message, "the address that was asked is part of the finding"


@pytest.mark.parametrize("answers", [[(401, "Unauthorized")]])
def test_refused_credentials_are_no_readiness(server: Server, authority: Authority) -> None:
    assert api_server.main(environment(server.url, authority)) == 1, "nothing could be installed with them"


def test_nobody_listening_is_said_as_that(authority: Authority, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"
        assert api_server.main(environment(url, authority)) == 1, "there is no API"
    assert "does not answer" in capsys.readouterr().err, "a refused connection is not an answer"


def test_another_cluster_on_the_address_is_not_mistaken_for_this_one(server: Server, authority: Authority) -> None:
    stranger = Authority("another cluster")
    assert api_server.main(environment(server.url, authority, trusted=stranger)) == 1, (
        "a server whose certificate the cluster's CA did not sign is another cluster"
    )
    assert not server.requests, "credentials are not even offered to it"


def test_the_client_certificate_of_another_cluster_does_not_open_the_gate(server: Server, authority: Authority) -> None:
    stranger = Authority("another cluster")
    assert api_server.main(environment(server.url, stranger, trusted=authority)) == 1, "the server refuses it"


def test_plain_http_is_refused_before_anything_is_sent(authority: Authority) -> None:
    assert api_server.main(environment("http://127.0.0.1:1", authority)) == 1, "the answer could be anyone's"


def test_nothing_secret_is_printed(server: Server, authority: Authority, capsys: pytest.CaptureFixture[str]) -> None:
    given = environment(server.url, authority)
    api_server.main(given)
    captured = capsys.readouterr()
    assert given["CLIENT_KEY"] not in captured.out + captured.err, "what is printed ends up in the log of the update"


def test_the_key_leaves_no_file_behind(
    server: Server, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    api_server.main(environment(server.url, authority))
    assert not list(scratch.iterdir()), "the key of the administrator must not stay on the disk"
