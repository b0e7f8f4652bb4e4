"""Each account of the cluster that talks to Vault gets its token, with a token made for Vault, and no other does."""

from collections.abc import Callable
from typing import Any

import pytest

from doubles.authentik.jwt import Signer
from tests.real.vault.api_server import ACCOUNT, OWN_AUDIENCE
from tests.real.vault.site import Site
from tests.support.recording import Recorded

Token = dict[str, Any]


def roles(site: Site) -> list[Recorded]:
    """Every role of the Kubernetes login."""
    return site.program.of_type("vault:kubernetes/authBackendRole:AuthBackendRole")


def right(role: Recorded) -> Token:
    """The one token that a role is for."""
    (name,), (namespace,) = role.get("boundServiceAccountNames"), role.get("boundServiceAccountNamespaces")
    return {"namespace": namespace, "name": name, "audiences": [role.get("audience")]}


def login(site: Site, role: str, token: Token) -> int:
    """Status of a login with a token of the API server."""
    return site.account_login(role, site.api_server.token(**token)).status


def test_the_account_of_a_role_gets_in_and_vault_has_its_token_reviewed(site: Site) -> None:
    assert roles(site), "something talks to Vault"
    for role in roles(site):
        token = right(role)
        assert login(site, role.get("roleName"), token) == 200, f"{role}: its own account, a token for its audience"
        account = ACCOUNT.format(namespace=token["namespace"], name=token["name"])
        assert account in site.api_server.reviewed, f"{role}: the API server was asked about {account}"


def test_vault_may_be_one_of_several_audiences(site: Site) -> None:
    for role in roles(site):
        token = right(role)
        several = {**token, "audiences": [OWN_AUDIENCE, *token["audiences"]]}
        assert login(site, role.get("roleName"), several) == 200, f"{role}: the audience only has to be among them"


@pytest.mark.parametrize(
    "differ",
    [
        lambda token: {"name": f"{token['name']}2"},
        lambda token: {"name": token["name"][:-1]},
        lambda token: {"name": "default"},
        lambda token: {"namespace": "default"},
        lambda token: {"namespace": f"{token['namespace']}2"},
        lambda token: {"namespace": "gitea"},
        lambda _: {"audiences": [OWN_AUDIENCE]},
        lambda token: {"audiences": [f"{token['audiences'][0]}2"]},
        lambda _: {"audiences": []},
        lambda _: {"lifetime": -3600},
        lambda _: {"signer": Signer("api-server")},
    ],
    ids=[
        "another name",
        "a shorter name",
        "the default account",
        "the default namespace",
        "a longer namespace",
        "the namespace of a service",
        "a token for the API server, as every pod has one",
        "a longer audience",
        "no audience",
        "an expired token",
        "a forged token",
    ],
)
def test_a_token_that_differs_in_one_thing_is_refused(site: Site, differ: Callable[[Token], Token]) -> None:
    for role in roles(site):
        token = right(role)
        assert login(site, role.get("roleName"), token | differ(token)) == 403, f"{role} lets a wrong token in"


def test_a_role_is_for_its_own_account_alone(site: Site) -> None:
    for role in roles(site):
        for other in roles(site):
            expected = 200 if right(other) == right(role) else 403
            assert login(site, role.get("roleName"), right(other)) == expected, f"the account of {other} at {role}"


def test_a_reviewer_without_the_right_to_review_lets_nobody_in(site: Site) -> None:
    reviewers = set(site.api_server.reviewers)
    site.api_server.reviewers.clear()
    try:
        for role in roles(site):
            assert login(site, role.get("roleName"), right(role)) == 403, f"{role}: nobody vouches for the token"
    finally:
        site.api_server.reviewers.update(reviewers)


def test_there_is_no_role_that_the_program_does_not_declare(site: Site) -> None:
    declared = {role.get("roleName") for role in roles(site)}
    assert set(site.root.expect("LIST", "auth/kubernetes/role").data["keys"]) == declared, "a role is a way in"
    for role in roles(site):
        assert login(site, "default", right(role)) == 400, "an unknown role is no way in"


def test_a_token_has_the_policies_and_the_lifetime_of_its_role_and_no_default_policy(site: Site) -> None:
    for role in roles(site):
        auth = site.account_login(role.get("roleName"), site.api_server.token(**right(role))).body["auth"]
        assert auth["policies"] == sorted(role.get("tokenPolicies")), f"{role}: these and nothing by default"
        assert auth["lease_duration"] == role.get("tokenTtl"), f"{role}: seconds until it ends"
        found = site.root.expect("POST", "auth/token/lookup", {"token": auth["client_token"]}).data
        assert not found.get("identity_policies"), f"{role}: nothing comes by way of a group"
        renewed = site.root.expect("POST", "auth/token/renew", {"token": auth["client_token"], "increment": "768h"})
        assert renewed.body["auth"]["lease_duration"] <= role.get("tokenMaxTtl"), (
            f"{role}: renewing does not prolong it"
        )
