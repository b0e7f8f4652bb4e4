"""What leaves Authentik when it leaves the stack file, and by which names it is found there."""

from typing import Any

import pytest

from components.authentik.blueprints import application, claims, proxied, token, users
from declarations.forward_auth import ProxiedApplication
from declarations.oidc import OidcApplication
from settings.identity import Token
from tests.components.authentik.blueprints.documents import entries, load
from tests.components.authentik.blueprints.people import GROUPS, identity
from tests.components.authentik.blueprints.schema import problems


def absent(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What a document deletes, besides a second factor that nobody asked for."""
    gone = [entry for entry in document["entries"] if entry.get("state") == "absent"]
    return [
        (entry["model"], entry["identifiers"])
        for entry in gone
        if entry["identifiers"].get("name") != "home-cluster-second-factor"
    ]


def test_what_was_removed_is_deleted_and_nothing_else() -> None:
    removed = {"users": ["eve"], "groups": ["chess"], "applications": ["photos"], "tokens": ["reader"]}
    document = load(users.text(identity({"ada": GROUPS}, removed=removed)))
    assert problems(document) == [], "as Authentik takes it"
    assert absent(document) == [
        ("authentik_core.application", {"slug": "photos"}),
        ("authentik_providers_proxy.proxyprovider", {"name": "photos"}),
        ("authentik_providers_oauth2.oauth2provider", {"name": "photos"}),
        ("authentik_policies_expression.expressionpolicy", {"name": "home-cluster-access-photos"}),
        ("authentik_core.token", {"identifier": "home-cluster-reader"}),
        ("authentik_core.group", {"name": "chess"}),
        ("authentik_core.user", {"username": "eve", "path": claims.PEOPLE_PATH}),
    ], "by the names under which this program made them"


OIDC = OidcApplication(
    slug="photos",
    name="Photos",
    auth_host="auth.example.test",
    launch_url="https://photos.example.test/",
    redirect_uris=("https://photos.example.test/callback",),
    groups=("gitea-users",),
)
PROXIED = ProxiedApplication(
    slug="photos",
    name="Photos",
    auth_host="auth.example.test",
    host="photos.example.test",
    launch_url="https://photos.example.test/",
    groups=("gitea-users",),
    session_minutes=60,
)


def made(text: str) -> list[tuple[str, dict[str, Any]]]:
    """What a blueprint makes, besides the bindings, which go with the application that they are bound to."""
    return [
        (entry["model"], entry["identifiers"])
        for entry in load(text)["entries"]
        if entry["model"] != "authentik_policies.policybinding"
    ]


@pytest.mark.parametrize("text", [application.text(OIDC, 1), proxied.text(PROXIED)], ids=["with", "without"])
def test_a_removed_application_loses_everything_that_its_blueprint_made(text: str) -> None:
    gone = absent(load(users.text(identity({}, removed={"applications": ["photos"]}))))
    assert [one for one in made(text) if one not in gone] == [], "found by the same identifiers"
    assert {found_by.get("slug") or found_by["name"] for _, found_by in gone} == {
        "photos",
        "home-cluster-access-photos",
    }, "and nothing of any other"


def test_a_removed_token_is_found_by_the_identifier_that_its_blueprint_gave_it() -> None:
    text = token.text("reader", Token(account="program", reflect_to=("shop",)), 1)
    gone = absent(load(users.text(identity({}, removed={"tokens": ["reader"]}))))
    assert gone == made(text), "or it would stay valid"


def test_an_application_of_the_platform_that_is_off_is_deleted_too() -> None:
    gone = absent(load(users.text(identity({}), ["vault"])))
    assert ("authentik_core.application", {"slug": "vault"}) in gone, "nobody could log in to it any more"


def test_the_break_glass_administrator_cannot_be_removed_by_name() -> None:
    document = load(users.text(identity({}, removed={"users": ["akadmin"]})))
    ((_, found_by),) = absent(document)
    assert found_by["path"] == claims.PEOPLE_PATH, "which is not where Authentik keeps its own administrator"


def test_a_removed_service_account_is_deleted_where_it_was_made() -> None:
    robots = {"backup": {"name": "Backup"}}
    (made,) = entries(load(users.text(identity({}, serviceAccounts=robots))), "authentik_core.user")
    ((model, found_by),) = absent(load(users.text(identity({}, removed={"serviceAccounts": ["backup"]}))))
    assert model == "authentik_core.user", "an account"
    assert found_by == {key: made["fields"][key] for key in ("username", "path")}, "and no person of that name"
