"""The token endpoint of the double is as strict as Authentik's (authentik/providers/oauth2/views/token.py)."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from doubles.authentik import Authentik, Client, Held, Person
from doubles.authentik.jwt import claims_of
from doubles.loopback import Reply, Request

URI, VERIFIER = "https://git.example.test/callback", "verifier"
CHALLENGE = "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ"  # of the verifier, S256
JANE = Person("jane", ("people",))


def authentik() -> Authentik:
    gitea = Client(slug="gitea", client_id="gitea", redirect_uris=(URI,), secret="right")
    other = Client(slug="other", client_id="other", redirect_uris=(URI,), secret="right")
    return Authentik(Held("auth.example.test", {one.client_id: one for one in (gitea, other)}))


def code(server: Authentik, **query: str) -> str:
    wanted = {"client_id": "gitea", "redirect_uri": URI, "scope": "openid profile", "state": "s", **query}
    return server.approve(f"https://auth.example.test/application/o/authorize/?{urlencode(wanted)}", JANE)[1]


def exchange(server: Authentik, given: str, **changes: str) -> Reply:
    right = {"grant_type": "authorization_code", "client_id": "gitea", "client_secret": "right", "redirect_uri": URI}
    form = urlencode({**right, "code": given, **changes}).encode()
    return server.respond(Request("POST", "/application/o/token/", {"Host": "auth.example.test"}, form))


def test_a_code_is_good_for_one_token_with_the_claims_of_its_scopes() -> None:
    server = authentik()
    given = code(server, nonce="n")
    claims = claims_of(exchange(server, given).body["id_token"])
    assert (claims["sub"], claims["aud"], claims["nonce"], claims["groups"]) == ("jane", "gitea", "n", ["people"]), (
        "hers"
    )
    assert "email" not in claims, "nobody asked for it"
    assert exchange(server, given).body == {"error": "invalid_grant"}, "once"


@pytest.mark.parametrize(
    ("query", "changes", "error"),
    [
        ({}, {"client_secret": "wrong"}, "invalid_client"),
        ({}, {"client_id": "nobody"}, "invalid_client"),
        ({}, {"redirect_uri": "https://evil.test/"}, "invalid_client"),
        ({}, {"client_id": "other"}, "invalid_grant"),
        ({}, {"code": "made-up"}, "invalid_grant"),
        ({}, {"code_verifier": VERIFIER}, "invalid_grant"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S256"}, {}, "invalid_grant"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S256"}, {"code_verifier": "x"}, "invalid_grant"),
        ({}, {"grant_type": "password"}, "unsupported_grant_type"),
    ],
    ids=str,
)
def test_whatever_is_wrong_is_a_400_with_its_error(query: dict[str, str], changes: dict[str, str], error: str) -> None:
    server = authentik()
    reply = exchange(server, code(server, **query), **changes)
    assert (reply.status, reply.body) == (400, {"error": error}), "client, then redirect URI, then code and its proof"


def test_a_code_with_a_challenge_needs_its_verifier() -> None:
    server = authentik()
    given = code(server, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert exchange(server, given, code_verifier=VERIFIER).status == 200, "who began a login ends it"


def test_a_login_begins_with_a_known_client_and_address_alone() -> None:
    def asked(**changes: str) -> Reply:
        query = {"client_id": "gitea", "redirect_uri": URI, "response_type": "code", **changes}
        path = f"/application/o/authorize/?{urlencode(query)}"
        return authentik().respond(Request("GET", path, {"Host": "auth.example.test"}, b""))

    assert asked().headers["Location"].startswith("/flows/-/default/authentication/"), "to the login"
    assert [asked(client_id="nobody").status, asked(redirect_uri="https://evil.test/").status] == [400, 400], "nowhere"
    sent = urlsplit(asked(response_type="token").headers["Location"])
    assert (sent.netloc, parse_qs(sent.query)["error"]) == ("git.example.test", ["unsupported_response_type"]), "back"
