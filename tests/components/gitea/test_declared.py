"""Teams by group, as Gitea's login source and its API take them."""

import json

from components.gitea.declared import group_team_map, wanted
from components.gitea.settings import UNITS, GiteaSettings, Organisation, Team

CREW = Team(permission="write", groups=("people", "guests"))
HOME = Organisation(owners=("admins",), teams={"crew": CREW, "guests": Team(permission="read", groups=("guests",))})
LAB = Organisation(teams={"crew": CREW})


def test_each_group_leads_to_every_team_that_names_it() -> None:
    mapped = json.loads(group_team_map({"home": HOME, "lab": LAB}))
    assert mapped == {
        "admins": {"home": ["Owners"]},
        "people": {"home": ["crew"], "lab": ["crew"]},
        "guests": {"home": ["crew", "guests"], "lab": ["crew"]},
    }, "group -> organisation -> teams"


def test_owners_that_no_group_names_are_left_to_gitea() -> None:
    mapped = json.loads(group_team_map({"lab": LAB}))
    assert "Owners" not in str(mapped), "a team of the map loses whom no group of the map puts there"


def test_without_organisations_nobody_is_moved() -> None:
    assert json.loads(group_team_map({})) == {}, "valid JSON all the same, which the login reads"


def test_the_map_does_not_depend_on_the_order_of_the_stack_file() -> None:
    assert group_team_map({"home": HOME, "lab": LAB}) == group_team_map({"lab": LAB, "home": HOME}), "no restart"


def test_the_owners_are_no_team_to_be_made() -> None:
    gitea = GiteaSettings(
        host="git.example.com",
        user_group="people",
        admin_group="admins",
        admin_email="admin@example.com",
        organisations={"home": HOME},
    )
    home = json.loads(wanted(gitea))["home"]
    assert list(home["teams"]) == ["crew", "guests"], "every organisation has owners"
    assert home["visibility"] == "private", "nobody sees it until that is asked for"
    assert home["teams"]["guests"]["units_map"] == {f"repo.{unit}": "read" for unit in UNITS}, "by Gitea's names"
