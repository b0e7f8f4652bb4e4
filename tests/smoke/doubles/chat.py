"""The services of Matrix, as far as a login and what it finds go."""

from collections.abc import Mapping

from doubles.loopback import Reply
from doubles.web import Asked, page
from lib import oidc
from lib.oidc import MATRIX_UPSTREAM_ID
from settings import Settings
from tests.smoke.doubles.authentik import Authentik
from tests.smoke.doubles.services import Answer, Client


def matrix(settings: Settings, authentik: Authentik, lies: set[str]) -> Mapping[str, Answer]:
    """Element Web, Synapse, the authentication service and the delegation, by host."""
    ours, client = settings.matrix, Client(oidc.matrix(settings), authentik, lies)
    issuer = f"https://{ours.account_host}/"
    flows = ["m.login.sso", "m.login.token", *(["m.login.password"] if "chat takes passwords" in lies else [])]
    flows = ["m.login.token"] if "chat offers no login" in lies else flows

    def account(asked: Asked) -> Reply:
        if asked.path == "/.well-known/openid-configuration":
            return Reply(body={"issuer": issuer})
        if asked.path == f"/upstream/authorize/{MATRIX_UPSTREAM_ID}":
            return client.begin(asked)
        if asked.path == f"/upstream/callback/{MATRIX_UPSTREAM_ID}":
            return client.finish(asked, "/upstream/link/1")
        if asked.path == "/graphql":
            person = None if "chat asks a new person" in lies else client.person(asked)
            if person is None:
                return Reply(body={"data": {"viewer": {"__typename": "Anonymous"}}})
            domain = "elsewhere.example.com" if "chat has another domain" in lies else ours.server_name
            mxid = f"@{person['preferred_username']}:{domain}"
            return Reply(body={"data": {"viewer": {"__typename": "User", "username": "x", "matrix": {"mxid": mxid}}}})
        return page("Account")

    def synapse(asked: Asked) -> Reply:
        if asked.path == "/_matrix/client/v3/login":
            return Reply(body={"flows": [{"type": one} for one in flows]})
        if asked.path == "/_matrix/client/v1/auth_metadata":
            return Reply(body={"issuer": issuer})
        return page("It works! Synapse is running")

    def delegation(asked: Asked) -> Reply:
        if asked.path != "/.well-known/matrix/client" or "chat is not delegated" in lies:
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
