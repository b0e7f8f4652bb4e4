"""The simulated Authentik in front of applications, and the tokens that its blueprints give out."""

import pytest

from lab.providers.authentik import identity
from lab.providers.authentik.blueprints import apply
from lab.providers.authentik.refusals import BlueprintError
from lab.providers.errors import InitFailedError
from tests.lab.authentik_server import HOST, ISSUER, with_authentik
from tests.lab.bench import Bench, refuses

PROXIED = """version: 1
entries:
- model: authentik_providers_proxy.proxyprovider
  identifiers: {name: wiki}
  attrs:
    mode: forward_single
    external_host: https://wiki.example
    authorization_flow: !Find [authentik_flows.flow, [slug, consent]]
    invalidation_flow: !Find [authentik_flows.flow, [slug, invalidation]]
"""
OUTPOST = """version: 1
entries:
- model: authentik_outposts.outpost
  identifiers: {managed: goauthentik.io/outposts/embedded}
  attrs:
    name: authentik Embedded Outpost
    type: proxy
    providers: [!Find [authentik_providers_proxy.proxyprovider, [name, wiki]]]
    config: {authentik_host: "https://auth.example"}
"""
ACCOUNT = "version: 1\nentries:\n- {model: authentik_core.user, identifiers: {username: reader}, attrs: {name: R}}\n"
TOKEN = """version: 1
entries:
- model: authentik_core.token
  identifiers: {identifier: list}
  attrs: {user: !Find [authentik_core.user, [username, reader]], intent: api, key: !File /secrets/web}
"""


@pytest.fixture
def server(kube: Bench) -> Bench:
    return with_authentik(kube)


def asked(server: Bench, host: str) -> str | None:
    """What keeps the outpost from sending people who ask for a host to the login."""
    return identity.forward_auth_problem(server.cluster, f"https://{HOST}/", host, HOST, "shop")


def test_the_outpost_answers_for_a_host_once_it_has_the_provider_on_its_list(server: Bench) -> None:
    with server.world.transaction():
        release = identity.server(server.cluster, ISSUER)
        early = identity.apply_row(server.cluster, release, {"name": "outpost", "content": OUTPOST})
        assert "providers: This field may not be null" in early, "a provider that is not there is null"
        assert identity.apply_row(server.cluster, release, {"name": "wiki", "content": PROXIED}) == "successful", "now"
        assert asked(server, "wiki.example"), "a provider that is on no list answers nobody"
        assert identity.apply_row(server.cluster, release, {"name": "outpost", "content": OUTPOST}) == "successful", (
            "so"
        )
        assert asked(server, "wiki.example") is None, "provider and list together do"
        assert "does not know other.example" in (asked(server, "other.example") or ""), "for this host alone"


def gate(server: Bench, name: str) -> None:
    """The Job that asks what Traefik asks."""
    variables = {
        "FORWARD_AUTH_URL": f"https://{HOST}/outpost.goauthentik.io/auth/traefik",
        "FORWARDED_HOST": "wiki.example",
        "AUTH_HOST": HOST,
        "SECONDS": "60",
    }
    env = [{"name": key, "value": value} for key, value in variables.items()]
    server.probe("forward_auth", name, "shop", env)


def test_the_gate_of_an_application_opens_once_the_outpost_answers_for_it(server: Bench) -> None:
    with refuses("Authentik does not know wiki.example yet", InitFailedError):
        gate(server, "early")
    with server.world.transaction():
        release = identity.server(server.cluster, ISSUER)
        for name, content in (("wiki", PROXIED), ("outpost", OUTPOST)):
            assert identity.apply_row(server.cluster, release, {"name": name, "content": content}) == "successful", name
    gate(server, "late")


def test_a_deleted_provider_answers_nobody(server: Bench) -> None:
    absent = PROXIED.split("  attrs:", maxsplit=1)[0] + "  state: absent\n"
    with server.world.transaction():
        release = identity.server(server.cluster, ISSUER)
        for name, content in (("wiki", PROXIED), ("outpost", OUTPOST), ("people", absent)):
            assert identity.apply_row(server.cluster, release, {"name": name, "content": content}) == "successful", name
        assert "does not know wiki.example" in (asked(server, "wiki.example") or ""), "it left the list with it"


def test_a_token_needs_its_account_and_its_value() -> None:
    made = apply(ACCOUNT, {}, {})
    known = {model: set(names) for model, names in made.items()}
    assert apply(TOKEN, {"/secrets/web": "s3cret"}, known) == {"authentik_core.token": ["list"]}, "both are there"
    with pytest.raises(BlueprintError, match="key: may not be null"):
        apply(TOKEN, {}, known)
    with pytest.raises(BlueprintError, match="Missing user"):
        apply(TOKEN, {"/secrets/web": "s3cret"}, {})


def test_an_outpost_without_a_host_would_send_people_nowhere() -> None:
    text = OUTPOST.replace('{authentik_host: "https://auth.example"}', "{}")
    with pytest.raises(BlueprintError, match="without authentik_host"):
        apply(text, {}, {"authentik_providers_proxy.proxyprovider": {"wiki"}})
