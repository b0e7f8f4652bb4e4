"""The services of Matrix, as far as a login and what it finds go: Element Web, Synapse, the authentication service."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from components.matrix import login as matrix_login
from components.matrix.login import UPSTREAM_ID as MATRIX_UPSTREAM_ID
from components.matrix.settings import MatrixSettings
from doubles import client
from doubles.client import Answer, Client, Login
from doubles.loopback import Reply
from doubles.web import Asked, page
from settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Hosts, and what the authentication service was told of its upstream.

    Attributes:
        server_name: Domain of the user ids.
        upstream: Id of Authentik there, as its addresses have it.
        silent: Whether a new person is asked nothing.
        localpart: Claim that names a new account.
        passwords: Whether there is a login beside the upstream.
    """

    host: str
    server_name: str
    synapse_host: str
    account_host: str
    login: Login
    upstream: str = MATRIX_UPSTREAM_ID
    silent: bool = True
    localpart: str = "preferred_username"
    passwords: bool = False


def declared(settings: Settings) -> Configuration:
    """What a stack file makes of it."""
    ours = settings.section(MatrixSettings)
    return Configuration(
        host=ours.host,
        server_name=ours.server_name,
        synapse_host=ours.synapse_host,
        account_host=ours.account_host,
        login=client.declared(matrix_login.application(settings)),
    )


def page_of(error: str) -> Reply:
    """The page of an error with its causes (crates/axum-utils/src/fancy_error.rs of the authentication service)."""
    words = f"Request to the provider failed with the following error: &quot;{error}&quot;"
    return page("Error", f"Request to the token endpoint failed<code>{words}</code>", status=500)


def matrix(ours: Configuration, authentik: Answer, faults: Collection[str] = ()) -> Mapping[str, Answer]:
    """What answers, by host."""
    people, issuer = Client(ours.login, authentik, page_of), f"https://{ours.account_host}/"
    silent = ours.silent and "chat asks a new person" not in faults
    passwords = ["m.login.password"] if ours.passwords or "chat takes passwords" in faults else []
    flows = ["m.login.token"] if "chat offers no login" in faults else ["m.login.sso", "m.login.token", *passwords]

    def account(asked: Asked) -> Reply:
        if asked.path == "/.well-known/openid-configuration":
            return Reply(body={"issuer": issuer})
        if asked.path == f"/upstream/authorize/{ours.upstream}":
            return people.begin()
        if asked.path == f"/upstream/callback/{ours.upstream}":
            return people.finish(asked, "/upstream/link/1")
        if asked.path == "/graphql":
            person = people.person(asked) if silent else None
            if person is None:
                return Reply(body={"data": {"viewer": {"__typename": "Anonymous"}}})
            domain = "elsewhere.example.com" if "chat has another domain" in faults else ours.server_name
            mxid = f"@{person.get(ours.localpart, '')}:{domain}"
            return Reply(body={"data": {"viewer": {"__typename": "User", "username": "x", "matrix": {"mxid": mxid}}}})
        return page("Account")

    def synapse(asked: Asked) -> Reply:
        if asked.path == "/_matrix/client/v3/login":
            return Reply(body={"flows": [{"type": one} for one in flows]})
        if asked.path == "/_matrix/client/v1/auth_metadata":
            return Reply(body={"issuer": issuer})
        return page("It works! Synapse is running")

    def delegation(asked: Asked) -> Reply:
        if asked.path != "/.well-known/matrix/client" or "chat is not delegated" in faults:
            return Reply(404)
        return Reply(body={"m.homeserver": {"base_url": f"https://{ours.synapse_host}"}})

    def element(asked: Asked) -> Reply:
        known = {"default_server_config": {"m.homeserver": {"server_name": ours.server_name}}}
        return Reply(body=known) if asked.path == "/config.json" else page("Element")

    return {
        ours.account_host: account,
        ours.synapse_host: synapse,
        ours.server_name: delegation,
        ours.host: element,
    }
