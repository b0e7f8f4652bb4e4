"""The script that keeps Gitea's organisations, against a double of its API."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from components.gitea.declared import wanted
from components.gitea.settings import GiteaSettings as Settings
from components.gitea.settings import Organisation, RemovedOrganisations, Team
from doubles.gitea.content import Gitea
from doubles.loopback import Reply, Request, serving
from scripts import gate, gitea_content

USERNAME, PASSWORD = ACCOUNT = "gitea-breakglass", "s3cr3t"
HOME = Organisation(
    visibility="limited",
    teams={
        "crew": Team(permission="write", units=("code", "issues"), groups=("people",)),
        "captains": Team(permission="admin", create_repositories=True, groups=("admins",)),
    },
)
Respond = Callable[[Request], Reply]


def settings(organisations: Mapping[str, Organisation], removed: tuple[str, ...] = ()) -> Settings:
    return Settings(
        host="git.example.com",
        user_group="people",
        admin_group="admins",
        admin_email="admin@example.com",
        organisations=dict(organisations),
        removed=RemovedOrganisations(organisations=removed),
    )


def account(name: str, source: int = 1, **fields: Any) -> dict[str, Any]:
    """An account as Gitea's list shows it to an administrator; of a login, unless the source is 0."""
    login = name if source else ""
    return {"login": name, "login_name": login, "source_id": source, "active": True, "prohibit_login": False, **fields}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the script on a double; what the program passes to it is what it gets."""

    def script(
        respond: Respond,
        declared: Settings,
        seconds: float = 60,
        password: str = PASSWORD,
        people: tuple[str, ...] = ("jane",),
    ) -> int:
        with serving(respond) as double:
            environment = {
                "GITEA_URL": double.url,
                "USERNAME": USERNAME,
                "PASSWORD": password,
                "PEOPLE": json.dumps(people),
                "ORGANISATIONS": wanted(declared),
                "REMOVED": json.dumps(list(declared.removed.organisations)),
                "REPOSITORY": "null",
                "READER": "",
                "SECONDS": str(seconds),
            }
            for name, value in environment.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setattr(gate, "INTERVAL_SECONDS", 0.0)
            return gitea_content.main()

    return script


@pytest.fixture
def kept(run: Callable[..., int]) -> Gitea:
    """A Gitea that is as declared, with its changes forgotten."""
    gitea = Gitea(ACCOUNT)
    assert run(gitea.respond, settings({"home": HOME})) == 0, "an empty Gitea can be filled"
    gitea.changes.clear()
    return gitea


def test_what_is_missing_is_made(run: Callable[..., int]) -> None:
    gitea = Gitea(ACCOUNT)
    assert run(gitea.respond, settings({"home": HOME})) == 0, "everything can be made"
    assert gitea.organisations["home"]["visibility"] == "limited", "as declared"
    crew, captains = gitea.team("crew"), gitea.team("captains")
    assert crew["units_map"] == {"repo.code": "write", "repo.issues": "write"}, "the declared units and no other"
    assert (crew["permission"], captains["permission"]) == ("none", "admin"), "as Gitea keeps them"
    assert (crew["can_create_org_repo"], captains["can_create_org_repo"]) == (False, True), "as declared"


def test_who_may_log_in_no_more_is_out_and_comes_back_with_the_right(run: Callable[..., int]) -> None:
    gitea = Gitea(ACCOUNT, accounts=[account(name) for name in ("jane", "judy")])
    assert run(gitea.respond, settings({}), people=("jane",)) == 0, "judy left the group or the stack file"
    states = {one["login"]: one["active"] for one in gitea.accounts}
    assert states == {"jane": True, "judy": False}, "session, SSH keys and access tokens end with the account"
    assert gitea.changes == ["PATCH /api/v1/admin/users/judy"], "once, and nothing else is touched"
    assert run(gitea.respond, settings({}), people=("jane", "judy")) == 0, "she is back"
    assert gitea.account("judy")["active"], "her login would not switch the account on"


def test_accounts_beyond_the_first_page_are_found(run: Callable[..., int]) -> None:
    gitea = Gitea(ACCOUNT, accounts=[account(f"person-{number:02}") for number in range(70)])
    assert run(gitea.respond, settings({}), people=()) == 0, "a page holds 50"
    assert not any(one["active"] for one in gitea.accounts), "nobody may log in"


def test_accounts_that_no_login_made_and_an_administrator_s_own_switch_are_left_alone(run: Callable[..., int]) -> None:
    gitea = Gitea(ACCOUNT, accounts=[account(USERNAME, source=0), account("jane", prohibit_login=True)])
    assert run(gitea.respond, settings({}), people=("jane",)) == 0, "both are as they should be"
    assert gitea.changes == [], "the break-glass account must work when the login does not"


def test_a_scheduled_run_that_switches_an_account_off_is_seen(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEDULED", "true")
    assert run(Gitea(ACCOUNT, accounts=[account("mallory")]).respond, settings({})) == 1, (
        "somebody switched it on by hand"
    )
    assert "account mallory is switched off" in capsys.readouterr().err, "and it says which"


def test_a_second_run_changes_nothing(kept: Gitea, run: Callable[..., int]) -> None:
    assert run(kept.respond, settings({"home": HOME})) == 0, "it is as declared"
    assert kept.changes == [], "although Gitea answers with other words than it was told"


@pytest.mark.parametrize(
    ("team", "drift"),
    [
        ("crew", {"permission": "admin", "units_map": {"repo.code": "admin"}}),
        ("crew", {"units_map": {"repo.code": "read", "repo.issues": "write"}}),
        ("crew", {"units_map": {"repo.code": "write", "repo.issues": "write", "repo.wiki": "write"}}),
        ("crew", {"includes_all_repositories": False}),
        ("crew", {"can_create_org_repo": True}),
        ("captains", {"permission": "none", "units_map": {"repo.code": "read"}}),
    ],
)
def test_a_team_that_somebody_changed_is_put_right(
    kept: Gitea, run: Callable[..., int], team: str, drift: dict[str, Any]
) -> None:
    right = dict(kept.team(team))
    kept.team(team).update(drift)
    assert run(kept.respond, settings({"home": HOME})) == 0, "it can be put right"
    assert kept.team(team) == right, "rights come from the stack file"
    assert len(kept.changes) == 1, "and nothing else is touched"


def test_an_organisation_that_was_opened_is_closed_again(kept: Gitea, run: Callable[..., int]) -> None:
    kept.organisations["home"]["visibility"] = "public"
    assert run(kept.respond, settings({"home": HOME})) == 0, "it can be put right"
    assert kept.organisations["home"]["visibility"] == "limited", "everybody could see it"


def test_on_a_schedule_a_correction_is_made_told_and_seen_as_a_failure(
    kept: Gitea, run: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEDULED", "true")
    assert run(kept.respond, settings({"home": HOME})) == 0, "nothing was changed by hand"
    kept.team("crew")["can_create_org_repo"] = True
    assert run(kept.respond, settings({"home": HOME})) == 1, "nobody had asked for it"
    assert not kept.team("crew")["can_create_org_repo"], "it was put right nevertheless"
    assert "team home/crew put right: can_create_org_repo" in capsys.readouterr().err, "the last words say what"
    assert run(kept.respond, settings({"home": HOME})) == 0, "the next run has nothing to tell"


def test_units_without_rights_are_no_drift(kept: Gitea, run: Callable[..., int]) -> None:
    kept.team("crew")["units_map"]["repo.wiki"] = "none"
    assert run(kept.respond, settings({"home": HOME})) == 0, "the pages of Gitea write such rows"
    assert kept.changes == [], "none is as good as absent"


def test_what_is_not_declared_is_left_alone(kept: Gitea, run: Callable[..., int]) -> None:
    assert run(kept.respond, settings({"home": Organisation(visibility="limited")})) == 0, (
        "less is declared than is there"
    )
    assert kept.changes == [], "only `removed` deletes"
    assert kept.team("crew"), "its members keep what they had"


def test_teams_beyond_the_first_page_are_found(kept: Gitea, run: Callable[..., int]) -> None:
    others = [{"id": 1000 + n, "organisation": "home", "name": f"other-{n}"} for n in range(70)]
    kept.teams = {one["id"]: one for one in [*others, *kept.teams.values()]}
    assert run(kept.respond, settings({"home": HOME})) == 0, "a page holds 50"
    assert kept.changes == [], "they would be made a second time"


def test_a_removed_organisation_is_deleted_once(kept: Gitea, run: Callable[..., int]) -> None:
    assert run(kept.respond, settings({}, removed=("home",))) == 0, "it is empty"
    assert kept.organisations == {}, "it was named"
    kept.changes.clear()
    assert run(kept.respond, settings({}, removed=("home",))) == 0, "the line may stay in the stack file"
    assert kept.changes == [], "there is nothing left to delete"


@pytest.mark.parametrize(("kind", "named"), [("repositories", "home/infra"), ("packages", "chart")])
def test_an_organisation_that_holds_something_is_not_deleted(
    kept: Gitea, run: Callable[..., int], capsys: pytest.CaptureFixture[str], kind: str, named: str
) -> None:
    getattr(kept, kind)["home"] = [named]
    assert run(kept.respond, settings({}, removed=("home",))) == 1, "only a person may decide that"
    assert "home" in kept.organisations, "nothing was lost"
    said = capsys.readouterr().err
    assert kind in said, "what is in the way"
    assert named in said, "and which"


def test_a_renamed_organisation_is_not_made_anew(
    kept: Gitea, run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    kept.renamed["home"] = "house"
    assert run(kept.respond, settings({"home": HOME})) == 1, "Gitea would take the old name for a new organisation"
    assert kept.changes == [], "its repositories are elsewhere"
    assert "/orgs/house" in capsys.readouterr().err, "says what it is called now"


def test_a_name_that_a_person_has_is_told_as_gitea_tells_it(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(Gitea(ACCOUNT, accounts=[account("home", source=0)]).respond, settings({"home": HOME})) == 1, (
        "another try would be of no use"
    )
    assert "422: user already exists [name: home]" in capsys.readouterr().err, "the reason is Gitea's to give"


@pytest.mark.parametrize("first", [Reply(503), Reply(200, "<html>starting</html>"), Reply(401, {"message": "no"})])
def test_a_gitea_that_starts_is_waited_for(run: Callable[..., int], first: Reply) -> None:
    gitea, answers = Gitea(ACCOUNT), iter([first])
    assert run(lambda request: next(answers, None) or gitea.respond(request), settings({"home": HOME})) == 0, (
        "it came up"
    )
    assert "home" in gitea.organisations, "and the work was done"


def test_it_gives_up_when_its_time_is_over(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Gitea(ACCOUNT).respond, settings({"home": HOME}), seconds=-1, password="wrong") == 1, (
        "a Job without proof must fail"
    )
    said = capsys.readouterr().err
    assert "refuses the account (401)" in said, "says why"
    assert "wrong" not in said, "and not the password"


def test_a_gitea_that_forgets_is_not_called_right(run: Callable[..., int]) -> None:
    """Only a round without a change is a proof."""
    gitea = Gitea(ACCOUNT)

    def forgetful(request: Request) -> Reply:
        reply = gitea.respond(request)
        gitea.organisations.clear()
        return reply

    assert run(forgetful, settings({"home": Organisation()}), seconds=0.2) == 1, "what it made was never there"
