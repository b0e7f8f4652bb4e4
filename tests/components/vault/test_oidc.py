"""The login to Vault: who gets in and what they may do; facts.yaml has the rest, invariants that both sides agree."""

import re

import pytest

from components.vault import login as vault_login
from stack_file.load import load_stack_file
from tests.support.engine import Recording
from tests.support.objects import environment
from tests.support.program import STACK_FILE

SETTINGS = load_stack_file(STACK_FILE)
APPLICATION = vault_login.application(SETTINGS)
LOGIN, ROLE = "vault:jwt/authBackend:AuthBackend", "vault:jwt/authBackendRole:AuthBackendRole"
GROUP, ALIAS = "vault:identity/group:Group", "vault:identity/groupAlias:GroupAlias"


@pytest.mark.failure("half-configured-backend")
def test_the_login_agrees_with_authentik_on_the_client(update: Recording) -> None:
    login, role = update.one(LOGIN), update.one(ROLE)
    assert login.get("boundIssuer") == APPLICATION.issuer, "the trailing slash belongs to it"
    assert role.get("boundAudiences") == [APPLICATION.client_id], "for which its tokens are made"
    made = update.issued[login.get("oidcClientSecret")]
    assert made.startswith("oidc-vault-client-secret"), "made once, for both"
    discovered = update.one("kubernetes:batch/v1:Job", "login-vault-discovery")
    assert update.is_after(login, discovered), "Vault reads the discovery document when the method is configured"


def test_only_members_of_the_two_groups_get_a_token(update: Recording) -> None:
    allowed = update.one(ROLE).get("boundClaims", "groups").split(",")
    assert set(allowed) == set(APPLICATION.groups), "the same groups that Authentik lets in"


def test_the_scopes_bring_the_claims_that_the_role_reads(update: Recording) -> None:
    scopes = update.one(ROLE).get("oidcScopes")
    assert "profile" in scopes, "which carries the groups"
    assert "openid" not in scopes, "Vault adds it itself, twice would be wrong"
    assert set(scopes) <= set(APPLICATION.scopes), "Authentik has a mapping for each"


def test_each_group_of_authentik_is_tied_to_its_policies(update: Recording) -> None:
    granted = {group.get("name"): group.get("policies") for group in update.of_type(GROUP)}
    assert granted == {
        SETTINGS.vault.user_group: ["own-folder"],
        SETTINGS.vault.admin_group: ["own-folder", "administrator"],
    }, "users have a folder, administrators manage as well"
    for alias in update.of_type(ALIAS):
        (group,) = [one for one in update.of_type(GROUP) if one.get("name") == alias.get("name")]
        assert group.urn in alias.dependencies, "the alias of a name belongs to the group of that name"
        assert update.one(LOGIN).urn in alias.dependencies, "on this login's accessor"


def test_the_folder_is_named_by_the_alias_of_this_login(update: Recording) -> None:
    text = update.one("vault:index/policy:Policy", "vault-oidc-own-folder").get("policy")
    (accessor,) = set(re.findall(r"identity\.entity\.aliases\.(.+?)\.name", text))
    aliases = {alias.get("mountAccessor") for alias in update.of_type(ALIAS)}
    assert aliases == {accessor}, "the name of an entity would be made up by Vault"


def test_the_gate_asks_for_every_redirect_uri_once_the_role_is_there(update: Recording) -> None:
    gate = update.one("kubernetes:batch/v1:Job", "vault-oidc-gate")
    given = environment(gate)
    assert tuple(given["REDIRECT_URIS"].splitlines()) == APPLICATION.redirect_uris, "UI and command line"
    assert (given["MOUNT"], given["ROLE"]) == ("oidc", "authentik-users"), "of this login"
    assert given["ISSUER"] == APPLICATION.issuer, "and expects Authentik's public host"
    assert update.is_after(gate, update.one(ROLE)), "without the role Vault answers with an error"
