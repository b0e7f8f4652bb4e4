"""`python -m smoke`: where it takes hosts, CA and accounts from, and what it leaves."""

import base64
import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from doubles.platform import Identities
from settings.model import Settings
from smoke.__main__ import main
from smoke.check import Skipped
from smoke.client import by_name_or, straight_to
from smoke.kubernetes import api_server
from smoke.robots import robot
from smoke.site import ca_certificate, person
from tests.smoke.conftest import ACCOUNTS, STACK_FILE, serving

Command = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def command(settings: Settings, certificates: Identities, tmp_path: Path) -> Command:
    """Run it in a checkout that has the stack file, against doubles with these lies: exit code and report."""
    (tmp_path / STACK_FILE.name).write_text(STACK_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "ca.pem").write_text(certificates.ca, encoding="ascii")
    report = tmp_path / "build" / "smoke.json"

    def run(*lies: str) -> tuple[int, dict[str, object]]:
        with serving(settings, certificates, *lies) as double:
            address = double.url.removeprefix("https://")
            options = ["--stack", "engine", "--ca", str(tmp_path / "ca.pem"), "--connect-to", address]
            code = main([*options, "--report", str(report)], root=tmp_path)
        return code, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}

    return run


def test_a_good_platform_ends_with_zero_a_table_and_a_report(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ACCOUNTS.items():
        monkeypatch.setenv(name, value)
    code, report = command()
    shown = capsys.readouterr().out
    assert code == 0, shown
    assert (report["stack"], report["ok"]) == ("engine", True), "what a program reads"
    assert "users appear by themselves" in shown, "what a person reads"
    secret = [value for name, value in ACCOUNTS.items() if "PASSWORD" in name or "SECRET" in name]
    assert not any(value in shown + json.dumps(report) for value in secret), "the output may be shown to anyone"


def test_a_failure_ends_with_one_and_says_where_to_look(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = command("chat takes passwords")
    assert (code, report["ok"]) == (1, False), "a script must notice"
    assert "look at: kubectl -n matrix get pods" in capsys.readouterr().out, "the next step of whoever reads it"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SMOKE_USER": "jane"}, "SMOKE_PASSWORD: is not set although the other is"),
        ({"SMOKE_PASSWORD": "x"}, "SMOKE_USER: is not set although the other is"),
        ({"SMOKE_USER": "joan", "SMOKE_PASSWORD": "x"}, "SMOKE_USER: joan is not in identity.users"),
        ({"SMOKE_ROBOT": "builder"}, "SMOKE_ROBOT_SECRET: is not set although the other is"),
        ({"SMOKE_ROBOT": "stranger", "SMOKE_ROBOT_SECRET": "x"}, "SMOKE_ROBOT: stranger of harbor.robots may push"),
    ],
    ids=["no password", "no user", "unknown user", "no secret", "unknown robot"],
)
def test_accounts_that_cannot_be_are_refused_before_anything_is_asked(
    variables: dict[str, str],
    message: str,
    command: Command,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, report = command()
    assert (code, report) == (1, {}), "nothing was asked"
    assert message in capsys.readouterr().err, "which variable, and what to do"


def test_an_unknown_stack_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--stack", "nowhere"], root=tmp_path) == 1, "there is no such stack file"
    assert "Pulumi.nowhere.yaml is not there" in capsys.readouterr().err, "which file was looked for"


def test_a_cluster_that_is_nowhere_to_be_found_is_said_at_once(
    certificates: Identities, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / STACK_FILE.name).write_text(STACK_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "ca.pem").write_text(certificates.ca, encoding="ascii")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        options = ["--stack", "engine", "--ca", str(tmp_path / "ca.pem"), "--connect-to", address]
        assert main(options, root=tmp_path) == 1, "there is nothing to ask"
    said = capsys.readouterr().err
    assert f"auth.engine.example.com is looked for at {address}" in said, "which host, and where"
    assert "--connect-to" in said, "what to do"


def test_who_needs_a_second_factor_cannot_be_used(settings: Settings) -> None:
    factor = settings.identity.second_factor.model_copy(update={"administrators": "required"})
    strict = settings.model_copy(update={"identity": settings.identity.model_copy(update={"second_factor": factor})})
    with pytest.raises(ValueError, match="needs a second factor"):
        person(strict, ACCOUNTS, "SMOKE_USER", "SMOKE_PASSWORD")


@pytest.mark.parametrize("login", ["builder", "robot$builder"])
def test_a_robot_is_known_by_both_of_its_names(settings: Settings, login: str) -> None:
    found = robot(settings, {"SMOKE_ROBOT": login, "SMOKE_ROBOT_SECRET": "x"})
    assert found is not None, "both variables are set"
    assert (found.name, found.project) == ("robot$builder", "tools"), "its login, and where it may push"


def test_another_project_can_be_named(settings: Settings) -> None:
    accounts = {"SMOKE_ROBOT": "hand-made", "SMOKE_ROBOT_SECRET": "x", "SMOKE_PROJECT": "library"}
    found = robot(settings, accounts)
    assert found is not None, "both variables are set"
    assert found.project == "library", "a robot that the stack file does not know"


def test_the_ca_is_the_output_of_the_stack_unless_a_file_is_named(tmp_path: Path) -> None:
    stack = {"type": "pulumi:pulumi:Stack", "outputs": {"trustedCertificates": "from the state"}}
    state = {"deployment": {"resources": [stack]}}
    assert ca_certificate(None, state) == "from the state", "what the last update left"
    file = tmp_path / "ca.pem"
    file.write_text("from the file", encoding="ascii")
    assert ca_certificate(file, state) == "from the file", "what the user says"
    with pytest.raises(ValueError, match="--ca FILE"):
        ca_certificate(None, None)


def test_the_api_server_is_that_of_the_current_context(certificates: Identities, tmp_path: Path) -> None:
    authority = base64.b64encode(certificates.ca.encode()).decode()
    clusters = [
        {"name": "other", "cluster": {"server": "https://192.0.2.9:6443"}},
        {"name": "home", "cluster": {"server": "https://192.0.2.1:6443/", "certificate-authority-data": authority}},
    ]
    contexts = [{"name": "admin@home", "context": {"cluster": "home", "user": "admin"}}]
    document = {"current-context": "admin@home", "contexts": contexts, "clusters": clusters}
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert api_server(file).url == "https://192.0.2.1:6443", "without the slash, which paths bring along"
    file.write_text(json.dumps({**document, "current-context": "nobody"}), encoding="utf-8")
    with pytest.raises(ValueError, match="names no server with a CA"):
        api_server(file)


def test_names_that_nobody_knows_lead_to_the_ingress(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, *_: object, **__: object) -> list[object]:
        if host == "known.example.com":
            return []
        raise socket.gaierror

    monkeypatch.setattr("smoke.client.socket.getaddrinfo", resolve)
    route = by_name_or({"ssh.example.com": "192.0.2.5"}, "192.0.2.1")
    assert route("known.example.com", 443) == ("known.example.com", 443), "the resolver knows better"
    assert route("unknown.example.com", 443) == ("192.0.2.1", 443), "before the zone is delegated"
    assert route("ssh.example.com", 22) == ("192.0.2.5", 22), "git over SSH is not at the ingress"


def test_an_address_takes_every_name(certificates: Identities) -> None:
    assert isinstance(certificates.own, ssl.SSLContext), "the doubles speak TLS"
    assert straight_to("192.0.2.1")("git.example.com", 443) == ("192.0.2.1", 443), "the port of the URL"
    assert straight_to("192.0.2.1:8443")("git.example.com", 443) == ("192.0.2.1", 8443), "the port that is named"
    with pytest.raises(Skipped, match="not to SSH"):
        straight_to("192.0.2.1:8443")("git-ssh.example.com", 22)
