"""The login to Vault: who gets in, what they may do, and that both sides agree."""

import re
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.authentik.blueprints import application
from components.namespace import Namespace, NamespaceArgs
from components.platform_secrets import PlatformSecrets, PlatformSecretsArgs
from components.vault import login as vault_login
from components.vault.oidc import VaultOidc, VaultOidcArgs
from lib.kubernetes import PodSecurity
from register.secrets import declare
from tests.components.authentik.blueprints.documents import load, the
from tests.components.authentik.deployed import JOB, SETTINGS, environment
from tests.support.components import record_component
from tests.support.engine import Recorded, Recording

APPLICATION = vault_login.application(SETTINGS)
LOGIN, ROLE = "vault:jwt/authBackend:AuthBackend", "vault:jwt/authBackendRole:AuthBackendRole"
GROUP, ALIAS = "vault:identity/group:Group", "vault:identity/groupAlias:GroupAlias"


def build(opts: pulumi.ResourceOptions) -> None:
    secrets = PlatformSecrets("secrets", PlatformSecretsArgs(declarations=declare(SETTINGS), mount="kv"), opts)
    namespace = Namespace(
        "vault-namespace",
        NamespaceArgs(name="vault", pod_security=PodSecurity.BASELINE, ca_certificate="-----BEGIN CERTIFICATE-----"),
        opts,
    )
    args = VaultOidcArgs(
        application=APPLICATION,
        client_secret=secrets[APPLICATION.secret_path],
        user_group=SETTINGS.vault.user_group,
        admin_group=SETTINGS.vault.admin_group,
        ca_certificate="-----BEGIN CERTIFICATE-----",
        namespace=namespace,
        proves=["vault", "authentik"],
        discovered=k8s.core.v1.ConfigMap("discovered", opts=opts),
    )
    VaultOidc("vault-oidc", args, opts)


@pytest.fixture(scope="module")
def joint() -> Recording:
    return record_component(build)


def policy(joint: Recording, name: str) -> Recorded:
    (found,) = [one for one in joint.of_type("vault:index/policy:Policy") if one.get("name") == name]
    return found


def test_vault_and_authentik_agree_on_the_client_to_the_letter(joint: Recording) -> None:
    login = joint.one(LOGIN)
    provider = the(load(application.text(APPLICATION, 1)), "authentik_providers_oauth2.oauth2provider")["fields"]
    slug = the(load(application.text(APPLICATION, 1)), "authentik_core.application")["fields"]["slug"]
    issuer = f"https://{SETTINGS.identity.host}/application/o/{slug}/"
    assert login.get("oidcDiscoveryUrl") == issuer, "the trailing slash belongs to it"
    assert login.get("boundIssuer") == issuer, "and tokens must carry it"
    assert login.get("oidcClientId") == provider["client_id"], "the client"
    assert joint.one(ROLE).get("boundAudiences") == [provider["client_id"]], "for which its tokens are made"
    assert joint.one(ROLE).get("allowedRedirectUris") == [uri["url"] for uri in provider["redirect_uris"]], (
        "Authentik refuses what only Vault allows, and the other way round"
    )
    assert login.get("jwtSupportedAlgs") == ["RS256"], "the algorithm of Authentik's key"


def test_the_client_secret_is_the_one_of_the_registry_and_stays_secret(joint: Recording) -> None:
    login = joint.one(LOGIN)
    assert login.is_secret("oidcClientSecret"), "in state and preview"
    assert joint.issued[login.get("oidcClientSecret")].startswith("oidc-vault-client-secret"), "made once, for both"


def test_the_login_waits_for_a_discovery_that_answers(joint: Recording) -> None:
    assert joint.is_after(joint.one(LOGIN), joint.one("kubernetes:core/v1:ConfigMap", "discovered")), (
        "Vault reads it when the method is configured"
    )


def test_a_person_is_known_by_the_claim_that_never_moves(joint: Recording) -> None:
    role = joint.one(ROLE)
    provider = the(load(application.text(APPLICATION, 1)), "authentik_providers_oauth2.oauth2provider")["fields"]
    assert role.get("userClaim") == "sub", "the subject"
    assert provider["sub_mode"] == "user_username", "which is the user name, so the folder has a readable name"


def test_only_members_of_the_two_groups_get_a_token(joint: Recording) -> None:
    allowed = joint.one(ROLE).get("boundClaims", "groups").split(",")
    assert set(allowed) == set(APPLICATION.groups), "the same groups that Authentik lets in"
    assert joint.one(ROLE).get("tokenPolicies") is None, "a token by itself grants nothing: the groups do"


def test_the_scopes_bring_the_claims_that_the_role_reads(joint: Recording) -> None:
    role = joint.one(ROLE)
    assert role.get("groupsClaim") == "groups", "the names of the groups"
    assert "profile" in role.get("oidcScopes"), "which the profile scope carries"
    assert "openid" not in role.get("oidcScopes"), "Vault adds it itself, twice would be wrong"
    assert set(role.get("oidcScopes")) <= set(APPLICATION.scopes), "Authentik has a mapping for each"


def test_the_role_is_the_default_one_of_the_login(joint: Recording) -> None:
    assert joint.one(ROLE).get("roleName") == joint.one(LOGIN).get("defaultRole") == "authentik-users", (
        "people need not know its name"
    )
    assert joint.one(ROLE).get("backend") == joint.one(LOGIN).get("path") == "oidc", "and it is on that login"
    assert all("/oidc/" in uri for uri in APPLICATION.redirect_uris), "whose path is part of the redirect URIs"


def test_a_token_ends_with_the_working_day(joint: Recording) -> None:
    role, tune = joint.one(ROLE), joint.one(LOGIN).get("tune")
    assert (role.get("tokenTtl"), role.get("tokenMaxTtl")) == (3600, 28800), "an hour, renewable up to eight"
    assert (tune["defaultLeaseTtl"], tune["maxLeaseTtl"]) == ("1h", "8h"), "no other role of the mount lasts longer"


def test_each_group_of_authentik_is_tied_to_its_policies(joint: Recording) -> None:
    granted = {group.get("name"): group.get("policies") for group in joint.of_type(GROUP)}
    assert granted == {
        SETTINGS.vault.user_group: ["own-folder"],
        SETTINGS.vault.admin_group: ["own-folder", "administrator"],
    }, "users have a folder, administrators manage as well"
    assert {group.get("type") for group in joint.of_type(GROUP)} == {"external"}, "members come from the claim"
    for alias in joint.of_type(ALIAS):
        (group,) = [one for one in joint.of_type(GROUP) if one.get("name") == alias.get("name")]
        assert group.urn in alias.dependencies, "the alias of a name belongs to the group of that name"
        assert joint.one(LOGIN).urn in alias.dependencies, "on this login's accessor"


def test_the_folder_is_named_by_the_alias_of_this_login(joint: Recording) -> None:
    text = policy(joint, "own-folder").get("policy")
    (accessor,) = set(re.findall(r"identity\.entity\.aliases\.(.+?)\.name", text))
    aliases = {alias.get("mountAccessor") for alias in joint.of_type(ALIAS)}
    assert aliases == {accessor}, "the name of an entity would be made up by Vault"


def test_the_gate_asks_for_every_redirect_uri_once_the_role_is_there(joint: Recording) -> None:
    gate = joint.one(JOB, "vault-oidc-gate")
    given: dict[str, Any] = environment(gate)
    assert tuple(given["REDIRECT_URIS"].splitlines()) == APPLICATION.redirect_uris, "UI and command line"
    assert (given["MOUNT"], given["ROLE"]) == ("oidc", "authentik-users"), "of this login"
    assert given["ISSUER"] == APPLICATION.issuer, "and expects Authentik's public host"
    assert joint.is_after(gate, joint.one(ROLE)), "without the role Vault answers with an error"
