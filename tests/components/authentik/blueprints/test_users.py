"""People and groups: who is in what, who falls out, and how a person gets a password."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.authentik.blueprints import claims, users
from tests.components.authentik.blueprints.documents import Tag, entries, evaluate, load, tags, the
from tests.components.authentik.blueprints.people import GROUPS, identity
from tests.components.authentik.blueprints.schema import problems


def members(document: dict[str, Any]) -> dict[str, set[str]]:
    """Group -> user names, through the entries that the group refers to."""
    names = {entry["id"]: entry["fields"]["username"] for entry in entries(document, "authentik_core.user")}
    return {
        group["fields"]["name"]: {names[tag.value] for tag in group["fields"]["users"]}
        for group in entries(document, "authentik_core.group")
    }


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), st.sets(st.sampled_from(GROUPS)), max_size=6
    )
)
def test_every_person_ends_in_exactly_the_declared_groups(people: dict[str, set[str]]) -> None:
    document = load(users.text(identity({name: tuple(sorted(groups)) for name, groups in people.items()})))
    assert problems(document) == [], "whatever the names are"
    assert members(document) == {
        group: {name for name, groups in people.items() if group in groups} for group in GROUPS
    }, "each group states all of its members"


def test_who_leaves_the_file_leaves_every_group_at_the_next_apply() -> None:
    document = load(users.text(identity({"ada": ("gitea-users",)})))
    assert members(document)["gitea-users"] == {"ada"}, "the list is the whole list, so nobody else stays"
    assert members(document)["vault-users"] == set(), "and a group without members says so"


def test_a_person_states_no_groups_which_would_be_a_second_writer_of_the_same_membership() -> None:
    (person,) = entries(load(users.text(identity({"ada": GROUPS}))), "authentik_core.user")
    assert "groups" not in person["fields"], "the group's list is the one place"


def test_nothing_that_an_apply_would_undo_is_written() -> None:
    (person,) = entries(load(users.text(identity({"ada": ()}))), "authentik_core.user")
    undone = {"password", "password_hash", "is_active", "attributes"} & person["fields"].keys()
    assert undone == set(), "a password, a suspended account and personal settings belong to people, not to the file"


def test_no_group_makes_administrators_of_authentik() -> None:
    document = load(users.text(identity({"ada": GROUPS})))
    superusers = [group["fields"]["is_superuser"] for group in entries(document, "authentik_core.group")]
    assert superusers == [False] * len(GROUPS), "the stack file names groups of services"


def test_the_same_people_in_another_order_give_the_same_text() -> None:
    one = users.text(identity({"ada": (), "bob": ("gitea-users",)}))
    other = users.text(identity({"bob": ("gitea-users",), "ada": ()}))
    assert one == other, "a changed text is applied again, so it must mean a change"


@pytest.mark.parametrize(("path", "verified"), [(claims.PEOPLE_PATH, True), ("users", False), ("home-cluster", False)])
def test_only_addresses_of_declared_people_count_as_verified(path: str, verified: bool) -> None:
    mapping = the(load(users.text(identity({}))), "authentik_providers_oauth2.scopemapping")["fields"]

    class User:
        email = "ada@example.test"

    User.path = path  # type: ignore[attr-defined]
    claims = evaluate(mapping["expression"], request=type("Request", (), {"user": User}))
    assert claims == {"email": "ada@example.test", "email_verified": verified}, "the path is set by this program alone"


def test_declared_people_are_where_the_claim_looks_for_them() -> None:
    (person,) = entries(load(users.text(identity({"ada": ()}))), "authentik_core.user")
    assert person["fields"]["path"] == claims.PEOPLE_PATH, "or nobody's address is verified"


def test_the_brand_names_the_recovery_flow_without_which_there_are_no_links() -> None:
    document = load(users.text(identity({})))
    brand, flow = the(document, "authentik_brands.brand"), the(document, "authentik_flows.flow")
    assert brand["fields"] == {"domain": "authentik-default", "flow_recovery": Tag("KeyOf", flow["id"])}, (
        "the packaged brand, and only this field of it"
    )


def test_a_missing_brand_is_an_error_and_not_a_silent_success() -> None:
    flow = the(load(users.text(identity({}))), "authentik_flows.flow")
    assert flow["conditions"] == [Tag("Find", ["authentik_brands.brand", ["domain", "authentik-default"]])], (
        "without it the flow is skipped and what refers to it fails"
    )


def test_the_recovery_flow_asks_for_a_password_writes_it_and_logs_in() -> None:
    document = load(users.text(identity({})))
    bindings = sorted(
        (one["fields"]["order"], one["fields"]["stage"].value)
        for one in entries(document, "authentik_flows.flowstagebinding")
        if one["fields"]["target"] == Tag("KeyOf", the(document, "authentik_flows.flow")["id"])
    )
    assert [stage for _, stage in bindings] == ["recovery-prompt", "recovery-write", "recovery-login"], "in this order"
    prompt = the(document, "authentik_stages_prompt.promptstage")["fields"]
    keys = {one["id"]: one["fields"]["field_key"] for one in entries(document, "authentik_stages_prompt.prompt")}
    assert [keys[tag.value] for tag in prompt["fields"]] == ["password", "password_repeat"], (
        "the prompt stage compares two fields of exactly these names"
    )
    policy = the(document, "authentik_policies_password.passwordpolicy")
    assert prompt["validation_policies"] == [Tag("KeyOf", policy["id"])], "and the rule is asked"
    assert the(document, "authentik_stages_user_write.userwritestage")["fields"]["user_creation_mode"] == (
        "never_create"
    ), "who comes without a link has no user to write to"


def test_the_blueprint_reads_no_secret() -> None:
    read = [tag for tag in tags(load(users.text(identity({"ada": GROUPS})))) if tag.name == "File"]
    assert read == [], "first passwords come by recovery link"


@pytest.mark.parametrize(("stated", "written"), [(None, None), (True, True), (False, False)])
def test_an_account_is_suspended_and_taken_back_by_the_file_only_where_the_file_says_so(
    stated: bool | None, written: bool | None
) -> None:
    person = {"name": "Ada", "email": "ada@example.test", "active": stated}
    document = load(users.text(identity({}, users={"ada": person})))
    (entry,) = entries(document, "authentik_core.user")
    assert entry["fields"].get("is_active") is written, "an administrator may suspend an account in Authentik at once"


def test_a_service_account_is_no_person_and_is_in_its_groups() -> None:
    robots = {"backup": {"name": "Backup", "groups": ["vault-users"]}}
    document = load(users.text(identity({"ada": ("vault-users",)}, serviceAccounts=robots)))
    assert problems(document) == [], "as Authentik takes it"
    assert members(document)["vault-users"] == {"ada", "backup"}, "side by side"
    (account,) = [
        one["fields"]
        for one in entries(document, "authentik_core.user")
        if one["fields"].get("type") == "service_account"
    ]
    assert account["username"] == "backup", "the program"
    assert account["path"] != claims.PEOPLE_PATH, "its address would count as verified there"
    assert not {"password", "key"} & account.keys(), "its tokens have blueprints of their own"
