"""What Gitea is to hold besides repositories: organisations and teams, as its login source and its API take them."""

import json
from collections.abc import Mapping
from typing import Any

from components.gitea.settings import GiteaSettings, Organisation, Team

OWNERS = "Owners"
"""Name of the team of owners (`OwnerTeamName` in models/organization/team.go)."""


def group_team_map(organisations: Mapping[str, Organisation]) -> str:
    """JSON of group -> organisation -> teams, the login source's `--group-team-map`. At each login Gitea puts a person
    into the teams of their groups and, told to, out of every other team that stands here; teams that do not, and
    organisations that are not there yet, it leaves alone (services/auth/source/source_group_sync.go).
    """
    found: dict[str, dict[str, list[str]]] = {}
    for name, organisation in organisations.items():
        members = {team: one.groups for team, one in organisation.teams.items()}
        if organisation.owners:
            members[OWNERS] = organisation.owners
        for team, groups in members.items():
            for group in groups:
                found.setdefault(group, {}).setdefault(name, []).append(team)
    return json.dumps(found, sort_keys=True)


def wanted(gitea: GiteaSettings) -> str:
    """JSON of organisation -> `visibility` and `teams`, for scripts/gitea_content.py."""
    return json.dumps(
        {
            name: {
                "visibility": organisation.visibility,
                "teams": {team: _fields(one) for team, one in organisation.teams.items()},
            }
            for name, organisation in gitea.organisations.items()
        },
        sort_keys=True,
    )


def _fields(team: Team) -> dict[str, Any]:
    """Fields of `CreateTeamOption` (modules/structs/org_team.go), which answers carry too."""
    return {
        "permission": team.permission,
        "units_map": {f"repo.{unit}": team.permission for unit in team.units},
        "includes_all_repositories": team.all_repositories,
        "can_create_org_repo": team.create_repositories,
    }
