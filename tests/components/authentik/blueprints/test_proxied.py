"""One property each of what Authentik gets to know of applications that stand behind its login."""

from typing import Any

import pytest

from components.authentik.blueprints import proxied
from declarations.forward_auth import ProxiedApplication, proxied_applications
from stack_file.load import load_stack_file
from tests.components.authentik.blueprints.documents import Tag, entries, evaluate, load, the
from tests.stack_file.stacks import FIXTURES

SETTINGS = load_stack_file(FIXTURES / "valid" / "applications.yaml")
APPLICATIONS = proxied_applications(SETTINGS)
PROVIDER = "authentik_providers_proxy.proxyprovider"

every_application = pytest.mark.parametrize("declared", APPLICATIONS, ids=lambda one: str(one.slug))


def outpost() -> dict[str, Any]:
    text = proxied.outpost(SETTINGS.identity.host, [one.slug for one in APPLICATIONS])
    return dict(the(load(text), "authentik_outposts.outpost")["fields"])


@every_application
def test_the_provider_answers_for_one_host_and_for_no_other(declared: ProxiedApplication) -> None:
    provider = the(load(proxied.text(declared)), PROVIDER)["fields"]
    assert provider["mode"] == "forward_single", "a whole domain could not be open to some groups only"
    assert provider["external_host"] == f"https://{declared.host}", "the host, over TLS, without a path"


@every_application
def test_only_members_of_the_declared_groups_get_through(declared: ProxiedApplication) -> None:
    document = load(proxied.text(declared))
    expression = the(document, "authentik_policies_expression.expressionpolicy")["fields"]["expression"]

    class Request:
        user = "jane"

    def let_in(memberships: set[str]) -> bool:
        def is_member(user: str, name: str) -> bool:
            return user == "jane" and name in memberships

        return bool(evaluate(expression, request=Request, ak_is_group_member=is_member))

    for group in SETTINGS.identity.groups:
        assert let_in({group}) == (group in declared.groups), f"a member of {group}"
    assert not let_in(set()), "and nobody without a group"
    (binding,) = entries(document, "authentik_policies.policybinding")
    assert binding["fields"]["failure_result"] is False, "an error lets nobody through"
    assert binding["fields"]["target"] == Tag("KeyOf", the(document, "authentik_core.application")["id"]), "bound to it"


def test_a_login_lasts_as_long_as_the_file_says() -> None:
    lasts = {
        one.slug: the(load(proxied.text(one)), PROVIDER)["fields"]["access_token_validity"] for one in APPLICATIONS
    }
    assert lasts == {"wiki": "minutes=480", "printer": "minutes=60"}, "the session of the outpost ends with the token"


def test_the_outpost_knows_every_provider_by_the_name_that_its_blueprint_gives_it() -> None:
    sought = [tag.value for tag in outpost()["providers"]]
    named = {the(load(proxied.text(one)), PROVIDER)["fields"]["name"] for one in APPLICATIONS}
    assert {model for model, _ in sought} == {PROVIDER}, "null for a misspelt model, which the list refuses"
    assert {value for _, (_, value) in sought} == named, "one that is not on the list answers 404"


def test_the_outpost_is_the_one_inside_the_server_and_sends_people_to_the_public_host() -> None:
    found = outpost()
    assert found["managed"] == "goauthentik.io/outposts/embedded", "Authentik made it; another would need a pod"
    assert found["config"] == {"authentik_host": f"https://{SETTINGS.identity.host}"}, "without it, to localhost"


def test_the_order_in_the_stack_file_changes_nothing() -> None:
    slugs = [one.slug for one in APPLICATIONS]
    assert proxied.outpost("auth", slugs) == proxied.outpost("auth", slugs[::-1]), "a changed text is applied again"
