"""`make invite`: a link by Authentik's API for a person of the stack file, printed once."""

import json
import re
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from doubles.certificates import Authority
from doubles.loopback import Reply, Request, serving
from tests.support.program import ROOT
from tests.tools.stack_state import STACK, brought_up, secret
from tools import invite

HOST, TOKEN = "auth.test-cluster.agentydragon.com", "a-bootstrap-token"
PEOPLE = {"agentydragon": 7}
Invite = Callable[..., tuple[int, list[Request]]]
Case = tuple[str, Callable[[Request], Reply], str, str]


def authentik(request: Request) -> Reply:
    """As authentik/core/api/users.py answers: the link has the host of the request and takes the flow of the brand."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return Reply(403, {"detail": "Token invalid/expired"})
    parts = urlsplit(request.path)
    if request.method == "GET" and parts.path == "/api/v3/core/users/":
        names = parse_qs(parts.query)["username"]
        return Reply(200, {"results": [{"pk": pk, "username": name} for name, pk in PEOPLE.items() if name in names]})
    if request.method == "POST" and parts.path == "/api/v3/core/users/7/recovery/":
        link = f"https://{request.headers['Host']}/if/flow/home-cluster-recovery/?flow_token=f00"
        return Reply(200, {"link": link})
    return Reply(404, {"detail": "Not found."})


def without_a_flow(request: Request) -> Reply:
    refused = Reply(400, {"non_field_errors": "No recovery flow set."})
    return refused if request.method == "POST" else authentik(request)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("platform")


@pytest.fixture
def tls(authority: Authority) -> ssl.SSLContext:
    return authority.server((HOST,))


@pytest.fixture
def run(authority: Authority, tls: ssl.SSLContext, tmp_path: Path) -> Invite:
    """Invite somebody at a double of Authentik: exit code, and what the double was asked."""

    def invited(
        username: str, respond: Callable[[Request], Reply] = authentik, token: str = TOKEN
    ) -> tuple[int, list[Request]]:
        root = tmp_path / "checkout"
        root.mkdir()
        inputs: dict[str, Any] = {"url": f"https://{HOST}", "token": secret(token)}
        provider = {"type": "pulumi:providers:authentik", "inputs": inputs}
        brought_up(root, {"trustedCertificates": authority.pem.decode()}, provider)
        with serving(respond, tls) as double:
            address = double.url.removeprefix("https://")
            code = invite.main(["--stack", STACK, "--user", username, "--connect-to", address], root)
        return code, double.requests

    return invited


def test_the_link_goes_to_standard_output_and_its_end_beside_it(
    run: Invite, capsys: pytest.CaptureFixture[str]
) -> None:
    code, requests = run("agentydragon")
    assert code == 0, "Authentik knows the person"
    shown = capsys.readouterr()
    assert shown.out == f"https://{HOST}/if/flow/home-cluster-recovery/?flow_token=f00\n", "what the person opens"
    assert re.search(r"for agentydragon, once, until \d{4}-\d\d-\d\d \d\d:\d\d UTC", shown.err), "how long it works"
    assert TOKEN not in shown.out + shown.err, "the token of the program is nobody's business"
    asked = json.loads(requests[-1].body)
    assert asked == {"token_duration": "hours=24"}, "the end that is printed is the one that Authentik keeps"


@pytest.mark.parametrize(
    "case",
    [
        ("", authentik, TOKEN, "whom? Say USER=<name>; in identity.users are agentydragon"),
        ("mallory", authentik, TOKEN, "is not in identity.users, where there are agentydragon"),
        ("agentydragon", lambda _: Reply(200, {"results": []}), TOKEN, "does not know the person yet; `make up` first"),
        ("agentydragon", authentik, "another", "refuses the token of the state (403)"),
        ("agentydragon", without_a_flow, TOKEN, "No recovery flow set."),
    ],
    ids=["nobody", "a stranger", "not applied yet", "another token", "no recovery flow"],
)
def test_who_cannot_be_invited_is_told_why(case: Case, run: Invite, capsys: pytest.CaptureFixture[str]) -> None:
    username, respond, token, words = case
    assert run(username, respond, token)[0] == 1, "there is no link"
    shown = capsys.readouterr()
    assert words in shown.err, "the reason, and what to do"
    assert shown.out == "", "and nothing to send"


def test_the_user_of_the_shell_is_not_the_person() -> None:
    def asked(*arguments: str) -> str:
        make = shutil.which("make")
        assert make, "every command of the project begins with it"
        done = subprocess.run(
            [make, "--no-print-directory", "-n", "-o", "setup", "invite", *arguments],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "USER": "root"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert '--user ""' in asked(), "make takes variables of the shell, and USER is one"
    assert '--user "jane"' in asked("USER=jane"), "what the command line says"
