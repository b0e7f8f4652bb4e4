"""One property each of what Authentik gets to know of an application."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.authentik.blueprints import application, claims, paths, users
from components.vault import login as vault_login
from declarations.oidc import OidcApplication
from register import logins
from stack_file.load import load_stack_file
from tests.components.authentik.blueprints.documents import Tag, entries, evaluate, load, the
from tests.components.authentik.blueprints.golden_files import STACK_FILE

SETTINGS = load_stack_file(Path(__file__).parents[4] / "Pulumi.test-cluster.yaml")
APPLICATIONS = logins.applications(SETTINGS)
PROVIDER = "authentik_providers_oauth2.oauth2provider"

every_application = pytest.mark.parametrize("declared", APPLICATIONS, ids=lambda one: str(one.slug))


def document(declared: OidcApplication, generation: int = 1) -> dict[str, Any]:
    return load(application.text(declared, generation))


@every_application
def test_the_issuer_is_that_of_the_application_alone(declared: OidcApplication) -> None:
    loaded = document(declared)
    slug = the(loaded, "authentik_core.application")["fields"]["slug"]
    assert the(loaded, PROVIDER)["fields"]["issuer_mode"] == "per_provider", "the mode that puts the slug into it"
    assert declared.issuer == f"https://{SETTINGS.identity.host}/application/o/{slug}/", "equal to the letter"


@every_application
def test_without_a_signing_key_there_is_an_error_and_no_hs256_client(declared: OidcApplication) -> None:
    loaded = document(declared)
    provider = the(loaded, PROVIDER)
    key = Tag("Find", ["authentik_crypto.certificatekeypair", ["managed", "goauthentik.io/crypto/jwt-managed"]])
    assert provider["fields"]["signing_key"] == key, "RS256 with Authentik's own RSA key"
    assert provider["conditions"] == [key], "a key that is not there skips the provider"
    assert the(loaded, "authentik_core.application")["fields"]["provider"] == Tag("KeyOf", provider["id"]), (
        "which makes the application fail and everything be rolled back"
    )


@every_application
def test_redirect_uris_are_the_declared_ones_and_never_patterns(declared: OidcApplication) -> None:
    uris = the(document(declared), PROVIDER)["fields"]["redirect_uris"]
    assert {uri["matching_mode"] for uri in uris} == {"strict"}, "a regular expression would match a dot with anything"
    assert tuple(uri["url"] for uri in uris) == declared.redirect_uris, "in full"
    kinds = {uri["redirect_uri_type"] for uri in uris}
    assert kinds == {"authorization"}, "with one of `logout` Authentik refuses the sign-out of a client without a hint"


@every_application
def test_only_the_code_grant_is_open_and_refreshing_where_it_was_declared(declared: OidcApplication) -> None:
    grants = the(document(declared), PROVIDER)["fields"]["grant_types"]
    assert grants[0] == "authorization_code", "no grant, the default, lets nobody log in"
    assert ("refresh_token" in grants) == declared.offline_access, "a refresh token outlives the login"
    assert set(grants) <= {"authorization_code", "refresh_token"}, "every other grant is a way around the login page"


@every_application
def test_every_scope_has_its_mapping_and_the_email_one_is_ours(declared: OidcApplication) -> None:
    mappings = [tag.value for tag in the(document(declared), PROVIDER)["fields"]["property_mappings"]]
    model = "authentik_providers_oauth2.scopemapping"
    wanted = [
        [model, ["name", claims.EMAIL_MAPPING]]
        if scope == "email"
        else [model, ["managed", f"goauthentik.io/providers/oauth2/scope-{scope}"]]
        for scope in declared.scopes
    ]
    assert mappings == wanted, "two mappings of one scope would both run"
    made = the(load(users.text(SETTINGS.identity)), model)["fields"]["name"]
    assert made == claims.EMAIL_MAPPING, "the blueprint that comes first makes it"


@every_application
def test_the_client_secret_is_read_from_the_volume_of_this_application(declared: OidcApplication) -> None:
    fields = the(document(declared), PROVIDER)["fields"]
    assert fields["client_secret"] == Tag("File", f"/run/oidc/{declared.slug}/client-secret"), "never inline"
    assert fields["client_id"] == declared.client_id, "as the application presents itself"
    assert fields["client_type"] == "confidential", "so the secret is asked for"


@every_application
def test_only_members_of_the_declared_groups_may_log_in(declared: OidcApplication) -> None:
    loaded = document(declared)
    expression = the(loaded, "authentik_policies_expression.expressionpolicy")["fields"]["expression"]

    def may(memberships: set[str]) -> bool:
        def ak_is_group_member(user: object, name: str) -> bool:
            assert user is request.user, "the person who logs in is asked about"
            return name in memberships

        request = type("Request", (), {"user": object()})()
        return bool(evaluate(expression, request=request, ak_is_group_member=ak_is_group_member))

    assert not may(set()), "somebody without groups"
    assert not may(set(SETTINGS.identity.groups) - set(declared.groups)), "members of every other group"
    for group in declared.groups:
        assert may({group}), f"a member of {group}"


@every_application
def test_nothing_else_that_is_bound_can_widen_the_access(declared: OidcApplication) -> None:
    loaded = document(declared)
    app, policy = (
        the(loaded, "authentik_core.application"),
        the(loaded, "authentik_policies_expression.expressionpolicy"),
    )
    binding = the(loaded, "authentik_policies.policybinding")["fields"]
    assert app["fields"]["policy_engine_mode"] == "all", "every binding must agree"
    assert binding["target"] == Tag("KeyOf", app["id"]), "the policy is bound to the application"
    assert binding["policy"] == Tag("KeyOf", policy["id"]), "and it is the one with the groups"
    assert binding["enabled"] is True, "in force"
    assert binding["negate"] is False, "not turned around"
    assert binding["failure_result"] is False, "an error lets nobody in"


def test_fewer_groups_change_the_policy_and_leave_no_binding_behind() -> None:
    vault = vault_login.application(SETTINGS)
    fewer = replace(vault, groups=vault.groups[:1])
    before, after = document(vault), document(fewer)
    assert len(entries(before, "authentik_policies.policybinding")) == 1, "one binding however many groups there are"
    removed = vault.groups[1]
    policy = the(after, "authentik_policies_expression.expressionpolicy")["fields"]["expression"]
    assert removed not in policy, "an apply removes no object, but it changes this one"


@every_application
def test_a_new_generation_of_the_secret_changes_the_text(declared: OidcApplication) -> None:
    assert application.text(declared, 1) != application.text(declared, 2), "or the new secret would look applied"
    assert application.text(declared, 1) == application.text(declared, 1), "and nothing else does"


def test_tokens_last_as_long_as_the_stack_file_says() -> None:
    (notes,) = [one for one in logins.applications(load_stack_file(STACK_FILE)) if one.slug == "notes"]
    validity = the(load(application.text(notes, None)), PROVIDER)["fields"]["access_token_validity"]
    assert validity == "minutes=5", "tokenMinutes"


def test_sub_outlives_authentiks_database() -> None:
    modes = {the(document(one), PROVIDER)["fields"]["sub_mode"] for one in APPLICATIONS}
    assert modes == {"user_username"}, "ids and hashes are new after a rebuild, and every account would be orphaned"


def test_no_two_applications_share_an_object() -> None:
    identifiers = [
        (entry["model"], tuple(entry["identifiers"].values()))
        for one in APPLICATIONS
        for entry in document(one)["entries"]
        if entry["model"] != "authentik_policies.policybinding"  # found through its own application
    ]
    assert len(identifiers) == len(set(identifiers)), "two blueprints would write it in turns"


def test_names_of_kubernetes_objects_are_the_documented_ones() -> None:
    assert paths.config_map("gitea") == "authentik-blueprints-gitea", "the name of the plan"
    assert paths.path("gitea") == "mounted/gitea/gitea.yaml", "relative to /blueprints, as Authentik lists it"
    assert f"/blueprints/{paths.path('gitea')}" == f"{paths.directory('gitea')}/{paths.file_name('gitea')}", (
        "which is where the worker mounts it"
    )
