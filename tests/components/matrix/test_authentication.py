"""The configuration of the Matrix Authentication Service."""

from typing import Any

from components.matrix.authentication import administrators, configuration
from stack_file.load import load_stack_file, parse
from tests.components.matrix.built import APPLICATION
from tests.stack_file.stacks import FIXTURES

FILES = ("/etc/oidc/client-secret", "/etc/sessions/client-secret")


def provider() -> dict[str, Any]:
    (found,) = configuration(APPLICATION, [], *FILES)["upstream_oauth2"]["providers"]
    assert isinstance(found, dict), "one provider, so people are sent to it without being asked"
    return found


def test_authentik_is_the_only_login() -> None:
    found = configuration(APPLICATION, [], *FILES)
    assert found["passwords"] == {"enabled": False}, "passwords are on by default"
    assert provider()["issuer"] == APPLICATION.issuer, "compared to the letter, slash included"
    assert provider()["id"] in APPLICATION.redirect_uris[0], "the id is part of the redirect URI"


def test_a_new_person_is_named_by_authentik_and_asked_nothing() -> None:
    claims = provider()["claims_imports"]
    assert claims["localpart"] == {"action": "require", "template": "{{ user.preferred_username }}"}, "the user id"
    actions = {claims[attribute]["action"] for attribute in ("localpart", "displayname", "email")}
    assert claims["skip_confirmation"] is True, "there is nothing to choose"
    assert "suggest" not in actions, "skip_confirmation is refused together with a suggestion"


def test_people_change_nothing_that_the_next_login_would_change_back() -> None:
    account = configuration(APPLICATION, [], *FILES)["account"]
    assert set(account.values()) == {False}, "all of these are allowed by default"
    assert set(account) == {"email_change_allowed", "displayname_change_allowed", "account_deactivation_allowed"}, (
        "address and name come with the login, and a deactivated name is gone for good"
    )


def test_the_named_administrators_may_ask_for_the_scopes_and_nobody_else() -> None:
    assert configuration(APPLICATION, ["jane"], *FILES)["policy"]["data"]["admin_users"] == ["jane"], "by user name"
    assert configuration(APPLICATION, [], *FILES)["policy"]["data"]["admin_users"] == [], "by default nobody"


def test_one_client_beside_people_may_use_the_admin_api_and_its_secret_is_in_a_file() -> None:
    found = configuration(APPLICATION, [], *FILES)
    (client,) = found["clients"]
    assert found["policy"]["data"]["admin_clients"] == [client["client_id"]], "client credentials ask for this list"
    assert client["client_secret_file"] == FILES[1], "the configuration lies in a ConfigMap"
    assert len(client["client_id"]) == len(provider()["id"]), "a ULID, as every id of a client is"


def test_administrators_are_the_active_members_of_the_group() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "minimal.yaml")
    assert administrators(settings) == (), "without a group there are none"
    document = settings.model_dump(by_alias=True, mode="json", exclude_none=True)
    document["matrix"]["adminGroup"] = "admins"
    document["identity"]["users"]["judy"] = {
        **document["identity"]["users"]["jane"],
        "email": "judy@example.com",
        "active": False,
    }
    assert administrators(parse(document)) == ("jane",), "john is in no such group, and judy was switched off"
