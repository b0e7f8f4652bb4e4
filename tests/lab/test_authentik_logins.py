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


def gate(server: Bench, name: str, **changed: str) -> None:
    """The Job that asks what Traefik asks."""
    variables = {
        "FORWARD_AUTH_URL": f"https://{HOST}/outpost.goauthentik.io/auth/traefik",
        "FORWARDED_HOST": "wiki.example",
        "AUTH_HOST": HOST,
        "SECONDS": "60",
        **changed,
    }
    env = [{"name": key, "value": value} for key, value in variables.items()]
    server.probe("forward_auth", name, "shop", env)


def applied(server: Bench, **texts: str) -> list[str]:
    """What becomes of these blueprints, one after the other."""
    with server.world.transaction():
        release = identity.server(server.cluster, ISSUER)
        rows = ({"name": name, "content": text} for name, text in texts.items())
        return [identity.apply_row(server.cluster, release, row) for row in rows]


def test_the_outpost_answers_for_a_host_once_it_has_the_provider_on_its_list(server: Bench) -> None:
    (early,) = applied(server, outpost=OUTPOST)
    assert "providers: This field may not be null" in early, "a provider that is not there is null"
    assert applied(server, wiki=PROXIED) == ["successful"], "now"
    with refuses("Authentik does not know wiki.example yet", InitFailedError):
        gate(server, "early")
    assert applied(server, outpost=OUTPOST) == ["successful"], "provider and list together"
    gate(server, "late")
    with refuses("Authentik does not know other.example yet", InitFailedError):
        gate(server, "other", FORWARDED_HOST="other.example")
    absent = PROXIED.split("  attrs:", maxsplit=1)[0] + "  state: absent\n"
    assert applied(server, people=absent) == ["successful"], "it leaves the list with it"
    with refuses("Authentik does not know wiki.example yet", InitFailedError):
        gate(server, "gone")


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
