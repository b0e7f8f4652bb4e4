"""A second factor for some groups: asked of the right people, once, in every flow that ends in a session."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.authentik.blueprints import users
from components.gitea.settings import GiteaSettings
from components.harbor.settings import HarborSettings
from settings.identity import IdentitySettings
from stack_file.load import load_stack_file
from tests.components.authentik.blueprints.documents import Tag, entries, evaluate, load, the
from tests.components.authentik.blueprints.schema import problems
from tests.stack_file.stacks import FIXTURES

STAGE = "authentik_stages_authenticator_validate.authenticatorvalidatestage"
POLICY = "authentik_policies_expression.expressionpolicy"
GROUPS = ("admins", "operators", "people")


def document(administrators: str = "optional", **second_factor: Any) -> dict[str, Any]:
    groups = second_factor.get("groups", ())
    identity = IdentitySettings.model_validate(
        {
            "host": "auth.example.test",
            "adminEmail": "admin@example.test",
            "groups": GROUPS,
            "users": {},
            "secondFactor": {"administrators": administrators, **second_factor},
        }
    )
    return load(users.text(identity, second_factor_groups=groups))


def policy(loaded: dict[str, Any]) -> dict[str, Any]:
    """The policy of the stage; the limit to guessing has one too."""
    (found,) = [one for one in entries(loaded, POLICY) if one["fields"]["name"] == the(loaded, STAGE)["fields"]["name"]]
    return found


def device(kind: str) -> object:
    """A device that was proven earlier in the flow, of a class of this name."""
    return type(kind, (), {})()


def asked(
    loaded: dict[str, Any], memberships: set[str], context: dict[str, Any], username: str = "ada", root: bool = False
) -> bool:
    """Whether the stage runs for a member of these groups."""
    person = SimpleNamespace(username=username, is_superuser=root)

    def ak_is_group_member(user: object, name: str) -> bool:
        assert user is person, "the person who logs in is asked about"
        return name in memberships

    return bool(
        evaluate(
            policy(loaded)["fields"]["expression"],
            request=SimpleNamespace(user=person),
            context=context,
            ak_is_group_member=ak_is_group_member,
        )
    )


@given(required=st.sets(st.sampled_from(GROUPS), min_size=1), memberships=st.sets(st.sampled_from(GROUPS)))
def test_exactly_the_members_of_the_groups_are_asked(required: set[str], memberships: set[str]) -> None:
    loaded = document(groups=sorted(required))
    assert problems(loaded) == [], "whatever the groups are"
    assert asked(loaded, memberships, {}) == bool(required & memberships), "one membership is enough, none is none"


@pytest.mark.parametrize(
    ("proven", "again"),
    [("WebAuthnDevice", False), ("TOTPDevice", False), ("StaticDevice", False), ("EmailDevice", True)],
)
def test_a_factor_that_counts_is_not_asked_for_twice(proven: str, again: bool) -> None:
    context = {"auth_method_args": {"mfa_devices": [device(proven)]}}
    assert asked(document(groups=["admins"]), {"admins"}, context) is again, "the packaged stage comes first"


def test_a_method_that_is_not_allowed_does_not_count() -> None:
    context = {"auth_method_args": {"mfa_devices": [device("TOTPDevice")]}}
    assert asked(document(groups=["admins"], methods=["webauthn"]), {"admins"}, context), "a code can be phished"


def test_who_has_no_device_sets_one_up_and_cannot_skip_it() -> None:
    stage = the(document(groups=["admins"]), STAGE)["fields"]
    assert stage["not_configured_action"] == "configure", "`skip`, the default, would let everybody without a device in"
    named = [tag.value[1][1] for tag in stage["configuration_stages"]]
    assert named == ["default-authenticator-webauthn-setup", "default-authenticator-totp-setup"], "one of the methods"
    assert stage["last_auth_threshold"] == "seconds=0", "a cookie is no factor"


def test_recovery_codes_cannot_be_the_only_factor() -> None:
    stage = the(document(groups=["admins"]), STAGE)["fields"]
    assert "static" in stage["device_classes"], "who lost the device needs a way in"
    assert not [tag for tag in stage["configuration_stages"] if "static" in str(tag.value)], "but not as the first one"


def test_login_and_recovery_both_ask_before_they_open_a_session() -> None:
    loaded = document(groups=["admins"])
    bound = [
        one["fields"]
        for one in entries(loaded, "authentik_flows.flowstagebinding")
        if one["fields"]["stage"] == Tag("KeyOf", the(loaded, STAGE)["id"])
    ]
    login, recovery = bound
    assert login["target"] == Tag("Find", ["authentik_flows.flow", ["slug", "default-authentication-flow"]]), "login"
    assert 30 < login["order"] < 100, "after the packaged stage, before the session"
    assert recovery["target"] == Tag("KeyOf", the(loaded, "authentik_flows.flow")["id"]), "a recovery link"
    orders = {
        one["fields"]["stage"].value: one["fields"]["order"]
        for one in entries(loaded, "authentik_flows.flowstagebinding")
        if one["fields"]["target"] == recovery["target"]
    }
    assert orders["recovery-write"] < recovery["order"] < orders["recovery-login"], "before that session too"


def test_the_person_is_known_when_the_policy_is_asked_and_an_error_asks_for_the_factor() -> None:
    loaded = document(groups=["admins"])
    for one in entries(loaded, "authentik_flows.flowstagebinding"):
        if one["fields"]["stage"].value == "second-factor":
            assert one["fields"]["evaluate_on_plan"] is False, "nobody is known when the flow is planned"
            assert one["fields"]["re_evaluate_policies"] is True, "the person is when the stage comes up"
            (binding,) = [
                other["fields"]
                for other in entries(loaded, "authentik_policies.policybinding")
                if other["fields"]["target"] == Tag("KeyOf", one["id"])
            ]
            assert binding["failure_result"] is True, "a policy that fails must not skip the stage"
            assert (binding["enabled"], binding["negate"]) == (True, False), "in force, as it reads"


def test_without_groups_the_stage_and_its_policy_are_taken_away() -> None:
    loaded = document(groups=[])
    assert (the(loaded, STAGE)["state"], policy(loaded)["state"]) == ("absent", "absent"), "off means gone"
    assert the(loaded, STAGE)["identifiers"] == the(document(groups=["admins"]), STAGE)["identifiers"], "the same stage"


@pytest.mark.parametrize(("administrators", "needed"), [("required", True), ("optional", False)])
def test_an_administrator_of_authentik_is_asked_in_whatever_group_somebody_made_one(
    administrators: str, needed: bool
) -> None:
    loaded = document(administrators)
    assert problems(loaded) == [], "as Authentik takes it"
    if needed:
        assert asked(loaded, set(), {}, root=True), "the rights are what counts"
        assert not asked(loaded, set(), {}), "and nobody else"
    else:
        assert the(loaded, STAGE)["state"] == "absent", "not wanted"


def test_the_break_glass_account_is_asked_for_none_whatever_it_is_put_into() -> None:
    loaded = document("required", groups=["admins"])
    assert not asked(loaded, {"admins"}, {}, username="akadmin", root=True), "it is for the day devices are lost"
    assert asked(loaded, {"admins"}, {}, username="ada", root=True), "and it alone"


def test_whoever_administers_something_needs_one_unless_the_stack_file_says_otherwise() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "minimal.yaml")
    loaded = load(users.text(settings.identity, second_factor_groups=settings.second_factor_groups))
    assert asked(loaded, {settings.section(GiteaSettings).admin_group}, {}), "without a line in the stack file"
    assert not asked(loaded, {settings.section(GiteaSettings).user_group}, {}), "and nobody else"
    factor = settings.identity.second_factor.model_copy(update={"administrators": "optional"})
    relaxed = settings.model_copy(update={"identity": settings.identity.model_copy(update={"second_factor": factor})})
    assert relaxed.second_factor_groups == (), "by its name"


def test_every_kind_of_administrator_counts_and_what_is_switched_off_does_not() -> None:
    settings = load_stack_file(FIXTURES / "valid" / "applications.yaml")
    assert settings.talos is not None, "machines of this program"
    services = {
        settings.vault.admin_group,
        settings.section(GiteaSettings).admin_group,
        settings.section(HarborSettings).admin_group,
    }
    roles = {group for group, role in settings.talos.cluster_roles.items() if role == "cluster-admin"}
    assert services | roles <= {*settings.admin_groups}, "Vault, services, the cluster"
    off = {
        name: getattr(settings, name).model_copy(update={"enabled": False}) for name in ("gitea", "harbor", "matrix")
    }
    vault = settings.vault.model_copy(update={"oidc": False})
    alone = settings.model_copy(update={**off, "vault": vault, "talos": None})
    assert alone.admin_groups == (), "nobody logs in to them"
