"""The gate of the login to Vault against a double of it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from doubles.loopback import Reply, Request, serving
from lib.probes.vault_login import main, problem

UI = "https://vault.example.test/ui/vault/auth/oidc/oidc/callback"
CLI = "http://localhost:8250/oidc/callback"


def given(url: str) -> dict[str, str]:
    return {
        "VAULT_ADDR": url,
        "MOUNT": "oidc",
        "ROLE": "authentik-users",
        "ISSUER": "https://auth.example.test/application/o/vault/",
        "CLIENT_ID": "vault",
        "REDIRECT_URIS": f"{UI}\n{CLI}",
        "SECONDS": "60",
    }


def vault(
    host: str = "https://auth.example.test", allowed: tuple[str, ...] = (UI, CLI), **query: Any
) -> Callable[[Request], Reply]:
    def respond(request: Request) -> Reply:
        asked: dict[str, Any] = json.loads(request.body)
        if request.path != "/v1/auth/oidc/oidc/auth_url" or asked["role"] != "authentik-users":
            return Reply(400, {"errors": ["role could not be found"]})
        if asked["redirect_uri"] not in allowed:
            return Reply(body={"data": {"auth_url": ""}})
        sent = {"client_id": "vault", "redirect_uri": asked["redirect_uri"], "scope": "openid", **query}
        return Reply(body={"data": {"auth_url": f"{host}/application/o/authorize/?{urlencode(sent)}"}})

    return respond


def found(respond: Callable[[Request], Reply], **changes: str) -> str:
    with serving(respond) as double:
        return problem(given(double.url) | changes)


def test_an_authorization_url_for_every_redirect_uri_opens_the_gate() -> None:
    with serving(vault()) as double:
        assert problem(given(double.url)) == "", "UI and command line can log in"
        asked = [json.loads(request.body)["redirect_uri"] for request in double.requests]
    assert asked == [UI, CLI], "both were asked for"


def test_a_redirect_uri_that_the_role_does_not_allow_keeps_it_shut_and_is_named() -> None:
    assert f"no URL for {CLI}" in found(vault(allowed=(UI,))), "Vault itself says nothing"


def test_another_identity_provider_keeps_it_shut() -> None:
    message = found(vault(host="http://authentik-server.authentik.svc"))
    assert "http://authentik-server.authentik.svc and not to https://auth.example.test" in message, "with scheme"


@pytest.mark.parametrize("wrong", [{"client_id": "gitea"}, {"redirect_uri": "https://other.test"}])
def test_another_client_or_destination_keeps_it_shut(wrong: dict[str, Any]) -> None:
    assert f"has {next(iter(wrong))} " in found(vault(**wrong)), "which is named"


@pytest.mark.parametrize(
    ("respond", "word"),
    [
        (lambda _: Reply(400, {"errors": []}), "400"),
        (lambda _: Reply(503), "503"),
        (lambda _: Reply(200, "<html>"), "JSON"),
        (lambda _: Reply(200, {"data": None}), "makes no URL"),
    ],
)
def test_anything_else_keeps_it_shut_and_says_why(respond: Callable[[Request], Reply], word: str) -> None:
    assert word in found(respond), "the log of the gate is all a person sees"


def test_a_role_that_is_not_there_keeps_it_shut() -> None:
    assert "400" in found(vault(), ROLE="other"), "the role comes after the login method"


def test_the_gate_waits_for_vault_and_gives_up_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = iter([Reply(503)])
    monkeypatch.setattr("lib.probes.gate.time.sleep", lambda _: None)
    with serving(lambda request: next(replies, None) or vault()(request)) as double:
        for key, value in given(double.url).items():
            monkeypatch.setenv(key, value)
        assert main() == 0, "sealed, then serving"
    with serving(lambda _: Reply(503)) as double:
        monkeypatch.setenv("VAULT_ADDR", double.url)
        monkeypatch.setenv("SECONDS", "-1")
        assert main() == 1, "a Job that ends without proof must fail"
