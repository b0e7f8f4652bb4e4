"""The gate of the login to Vault against a double of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from doubles.authentik import Authentik, Client, Held
from doubles.client import Login
from doubles.loopback import Reply, Request, Respond, serving
from doubles.vault import Role, Vault
from doubles.web import Asked
from scripts.vault_login import problem

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


ROLE = Role(
    login=Login(
        issuer="https://auth.example.test/application/o/vault/",
        client_id="vault",
        secret="made-up",
        redirect_uri=UI,
        scopes=("openid",),
    ),
    redirect_uris=(UI, CLI),
    bound=(),
    policies={},
)


def vault(role: Role = ROLE, *faults: str) -> Respond:
    """A server with this role, beside such an Authentik."""
    client = Client(slug="vault", client_id="vault", redirect_uris=role.redirect_uris)
    server = Vault(role, Authentik(Held("auth.example.test", {"vault": client}), faults).answer)
    return lambda request: server.answer(Asked(request))


def configured(**changes: Any) -> Role:
    """The role of a login that is configured otherwise."""
    return replace(ROLE, login=replace(ROLE.login, **changes))


def found(respond: Callable[[Request], Reply], **changes: str) -> str:
    with serving(respond) as double:
        return problem(given(double.url) | changes)


def test_an_authorization_url_for_every_redirect_uri_opens_the_gate() -> None:
    with serving(vault()) as double:
        assert problem(given(double.url)) == "", "UI and command line can log in"
        asked = [json.loads(request.body)["redirect_uri"] for request in double.requests if request.body]
    assert asked == [UI, CLI], "both were asked for"


def test_a_client_secret_that_authentik_refuses_keeps_it_shut() -> None:
    message = found(vault(ROLE, "vault has an old client secret"))
    assert "told invalid_client: its client secret is not Authentik's" in message, "what Vault itself was told"


def test_a_redirect_uri_that_the_role_does_not_allow_keeps_it_shut_and_is_named() -> None:
    assert f"no URL for {CLI}" in found(vault(replace(ROLE, redirect_uris=(UI,)))), "Vault itself says nothing"


def test_another_identity_provider_keeps_it_shut() -> None:
    message = found(vault(configured(issuer="http://authentik-server.authentik.svc/application/o/vault/")))
    assert "http://authentik-server.authentik.svc and not to https://auth.example.test" in message, "with scheme"


def test_another_client_keeps_it_shut() -> None:
    assert "has client_id " in found(vault(configured(client_id="gitea"))), "which is named"


def test_another_destination_keeps_it_shut() -> None:
    elsewhere = (
        "https://auth.example.test/application/o/authorize/?client_id=vault&redirect_uri=https%3A%2F%2Fother.test"
    )
    reply = Reply(body={"data": {"auth_url": elsewhere}})
    assert "has redirect_uri " in found(lambda _: reply), "which is named"


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
