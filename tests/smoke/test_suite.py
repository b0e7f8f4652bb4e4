"""The suite passes on an honest platform, and each lie of one is found by the check that it is about."""

from collections.abc import Mapping, Sequence

import pytest

from doubles.platform import FOREIGN, SSH_FAULT
from lab.success.login import judge
from smoke.check import Result, Status
from tests.smoke.conftest import ACCOUNTS, Smoke

IMAGE = "an image goes in and out"
GROUPS = "a person has the groups of the stack file"
API = "the Kubernetes API knows a person by their token"
PICTURE = "no picture comes from a third party"
FLOWS = "login flows of Matrix clients"
SERVICES = ("gitea", "harbor", "matrix", "vault", "kubernetes")
STRANGERS = "wiki lets no stranger through"


def certificate(host: str) -> str:
    return f"{host}.engine.example.com has a certificate of the CA"


def leads(service: str) -> str:
    return f"{service} leads to Authentik"


def let_in(service: str) -> str:
    return f"{service} lets a person in and knows them"


def kept_out(service: str) -> str:
    return f"{service} keeps out who lacks its groups"


# What the platform does wrong -> the check that says so, and a word of what it says.
LIES: Mapping[str, tuple[str, str]] = {
    "gitea is down behind its ingress": (certificate("git"), "502"),
    SSH_FAULT: ("git-ssh.engine.example.com answers git over SSH", "no SSH server"),
    "gitea has another issuer": ("issuer of gitea", "http://auth"),
    **{f"{slug} has no key": (f"issuer of {slug}", "no RSA signing key") for slug in SERVICES},
    "gitea hides the login": (leads("gitea"), "without"),
    "harbor has its own login": (leads("harbor"), "without"),
    "chat is not delegated": (leads("matrix"), "404"),
    "vault refuses the command line": (leads("vault"), "localhost"),
    "wiki is down behind the login": (let_in("wiki"), "502"),
    "wiki is open": (kept_out("wiki"), "lets rita into"),
    "chat takes passwords": (FLOWS, "m.login.password"),
    "chat offers no login": (FLOWS, "m.login.sso"),
    "a group is missing": (GROUPS, "not in admins"),
    "a group is too much": (GROUPS, "in visitors too"),
    "pictures come from a third party": (PICTURE, "www.gravatar.com"),
    "anybody may guess": ("a guesser of passwords is stopped", "another one is asked for"),
    "gitea makes no accounts": (let_in("gitea"), "no account"),
    "gitea names people otherwise": (let_in("gitea"), "ghost"),
    "gitea mixes up rights": (let_in("gitea"), "no administrator"),
    "harbor asks for a name": (let_in("harbor"), "oidc_auto_onboard"),
    "harbor mixes up rights": (let_in("harbor"), "no administrator"),
    "chat asks a new person": (let_in("matrix"), "nobody is logged in"),
    "chat has another domain": (let_in("matrix"), "elsewhere.example.com"),
    "vault keeps tokens": (let_in("vault"), "does not take back"),
    "vault mixes up rights": (let_in("vault"), "policies default, own-folder"),
    "matrix asks for the login again": (let_in("matrix"), "asked to log in again"),
    "userinfo takes no token": (let_in("kubernetes"), "401"),
    **{f"{slug} is open": (kept_out(slug), "lets rita into") for slug in SERVICES},
    "harbor breaks for strangers": (kept_out("harbor"), "502"),
    "the API server knows no login": (API, "401"),
    "the API server has no prefix": (API, "takes jane for jane"),
    "the API server reads no groups": (API, "oidc:admins, oidc:people"),
    "robots are unknown": (IMAGE, "401"),
    "the quota is used up": (IMAGE, "DENIED"),
    "tags are immutable": (IMAGE, "412"),
    "images get lost": (IMAGE, "404"),
    "images change in the registry": (IMAGE, "something else"),
}


def failures(results: Sequence[Result]) -> dict[str, str]:
    return {one.check.name: one.detail for one in results if one.status is Status.FAILED}


def of(results: Sequence[Result], name: str) -> Result:
    return next(one for one in results if one.check.name == name)


def test_an_honest_platform_passes_every_check(smoke: Smoke) -> None:
    wrong = {one.check.name: one.detail for one in smoke() if one.status is not Status.PASSED}
    assert wrong == {}, "nothing fails, and with every account nothing is skipped"


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_by_the_one_check_that_it_is_about(smoke: Smoke, lie: str) -> None:
    name, word = LIES[lie]
    results = smoke(lie)
    failed = failures(results)
    assert list(failed) == [name], "a failure that shows elsewhere sends people to the wrong place"
    assert word in failed[name], "the detail says what is there instead"
    red = {metric.name: metric.problems for metric in judge(results) if not metric.ok}
    assert red == {of(results, name).check.metric: [f"{name}: {failed[name]}"]}, "and so does the demo"


@pytest.mark.parametrize("service", ["gitea", "harbor", "matrix", "vault"])
def test_an_old_client_secret_is_found_without_anybody_logging_in(smoke: Smoke, service: str) -> None:
    failed = failures(smoke(f"{service} has an old client secret", accounts={}))
    assert list(failed) == [leads(service)], "the service itself is asked, by a login that cannot be"
    assert "invalid_client" in failed[leads(service)], "what Authentik says of its secret"


def test_every_check_is_known_to_be_able_to_fail(smoke: Smoke) -> None:
    about = {STRANGERS, *(name for name, _ in LIES.values())}
    hosts = {one.check.name for one in smoke() if one.check.metric == "every host answers"}
    missing = {one.check.name for one in smoke()} - about - hosts
    assert missing == set(), "a check that cannot fail proves nothing"


def test_a_certificate_of_a_stranger_fails_whatever_asks_that_host(smoke: Smoke) -> None:
    failed = failures(smoke(FOREIGN))
    assert set(failed) == {certificate("chat"), leads("matrix")}, "the two checks that ask this host"
    assert "not one of the CA" in failed[certificate("chat")], "it says that the certificate is what is wrong"


def test_tokens_of_somebody_else_fail_in_every_service_that_reads_them(smoke: Smoke) -> None:
    failed = failures(smoke("tokens name somebody else"))
    assert set(failed) == {let_in(slug) for slug in ("gitea", "harbor", "matrix", "kubernetes")}, "all but Vault's"


def test_tokens_without_groups_fail_wherever_groups_are_rights(smoke: Smoke) -> None:
    failed = failures(smoke("tokens name no groups"))
    people = {let_in(slug) for slug in ("gitea", "harbor", "vault", "kubernetes")}
    assert set(failed) == {*people, API}, "Matrix knows none"


def test_an_application_that_traefik_does_not_protect_fails_for_everybody(smoke: Smoke) -> None:
    failed = failures(smoke("wiki has no middleware"))
    assert set(failed) == {STRANGERS, let_in("wiki"), kept_out("wiki")}, "nobody meets a login there"
    assert "does not ask Authentik" in failed[STRANGERS], "what its Ingress lacks"


def test_an_application_that_is_not_deployed_yet_is_skipped(smoke: Smoke) -> None:
    results = smoke("wiki is not deployed")
    assert failures(results) == {}, "the login is there before the application"
    assert of(results, STRANGERS).status is Status.SKIPPED, "nobody can be let through to it"


def test_a_robot_that_may_not_delete_leaves_its_image_and_says_so(smoke: Smoke) -> None:
    found = of(smoke("robots may not delete"), IMAGE)
    assert found.status is Status.PASSED, "pushing and pulling is what robots are for"
    assert "left there" in found.detail, "somebody may want to clean up"


def test_a_wrong_password_is_reported_once_and_skips_what_needs_the_login(smoke: Smoke) -> None:
    results = smoke(accounts={**ACCOUNTS, "SMOKE_PASSWORD": "wrong"})
    assert list(failures(results)) == [GROUPS], "one cause, one failure"
    assert "Invalid password" in failures(results)[GROUPS], "what Authentik says"
    assert of(results, let_in("gitea")).status is Status.SKIPPED, "it cannot be asked"


def test_without_accounts_what_needs_one_is_skipped_with_what_it_needs(smoke: Smoke) -> None:
    results = smoke(accounts={})
    skipped = {one.check.name: one.detail for one in results if one.status is Status.SKIPPED}
    assert failures(results) == {}, "nothing is wrong"
    people = (*SERVICES, "wiki")
    assert set(skipped) == {GROUPS, PICTURE, API, IMAGE, *map(let_in, people), *map(kept_out, people)}, (
        "the rest is asked"
    )
    assert "SMOKE_USER" in skipped[let_in("gitea")], "how to have it run"
    assert "SMOKE_ROBOT" in skipped[IMAGE], "how to have it run"


def test_a_person_is_not_expected_where_their_groups_do_not_lead(smoke: Smoke) -> None:
    results = smoke(accounts={"SMOKE_USER": "rita", "SMOKE_PASSWORD": "rita-password"})
    assert failures(results) == {}, "rita has the groups of the stack file"
    assert of(results, let_in("gitea")).detail == "rita is in none of people", "why it was not asked"


def test_who_may_use_a_service_is_no_outsider_of_it(smoke: Smoke) -> None:
    accounts = {**ACCOUNTS, "SMOKE_OUTSIDER": "jane", "SMOKE_OUTSIDER_PASSWORD": "jane-password"}
    assert of(smoke(accounts=accounts), kept_out("gitea")).status is Status.SKIPPED, "jane may"
