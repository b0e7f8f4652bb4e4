"""Keeps accounts, organisations and teams of Gitea as they are declared: makes those that are missing and puts right
what somebody changed. Who is in a team follows from the groups, at each login. Nothing is deleted that REMOVED does not
name, and nothing that still holds a repository or a package. The repository of Flux follows (scripts/gitea_repository).

Facts of Gitea 1.26.2 and 1.27.3: a team of read or write is answered with the permission `none`, and only its units
tell what it may do (CreateTeam in routers/api/v1/org/team.go, GetUnitsMap in models/organization/team.go). An
organisation that was renamed answers to its old name with a redirect. An account that is not active is refused at its
next request: in an open session (routers/web/web.go), by SSH key (routers/private/serv.go), by access token
(routers/api/v1/api.go, routers/web/repo/githttp.go); a login does not make it active again (routers/web/auth/oauth.go).

Environment: GITEA_URL, USERNAME and PASSWORD (of a site administrator without a second factor, which the API would
ask for), PEOPLE (JSON list: what the login calls those who may log in), ORGANISATIONS (JSON: name -> `visibility` and
`teams`, each with the fields of Gitea's CreateTeamOption), REMOVED (JSON list of names), REPOSITORY (JSON, or null) and
READER (directory) for scripts/gitea_repository.py, SSL_CERT_FILE, SECONDS and SCHEDULED (scripts/gate.py).
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts import gate, gitea_repository
from scripts.gitea_api import GiteaApi, GiteaRefusedError


def changes(api: GiteaApi, people: list[str], organisations: dict[str, Any], removed: list[str]) -> Iterator[str]:
    """Puts right what differs, and says each time what it did."""
    yield from _accounts(api, people)
    for name, wanted in organisations.items():
        yield from _organisation(api, name, wanted)
    for name in removed:
        yield from _removal(api, name)


def _accounts(api: GiteaApi, people: list[str]) -> Iterator[str]:
    """An account that came from a login is active while its person may log in. Local ones are left alone, and so is
    "disable sign-in" (`prohibit_login`), which is an administrator's own switch.
    """
    for account in list(api.pages("/admin/users")):
        name, source, login = account["login"], account["source_id"], account["login_name"]
        active = login in people
        if source and account["active"] != active:
            api.write("PATCH", f"/admin/users/{name}", {"source_id": source, "login_name": login, "active": active})
            yield f"account {name} is {'active again' if active else 'switched off'}"


def _organisation(api: GiteaApi, name: str, wanted: dict[str, Any]) -> Iterator[str]:
    visibility = wanted["visibility"]
    found = api.find(f"/orgs/{name}")
    if found is None:
        api.write("POST", "/orgs", {"username": name, "visibility": visibility})
        yield f"organisation {name} made"
    elif found["visibility"] != visibility:
        api.write("PATCH", f"/orgs/{name}", {"visibility": visibility})
        yield f"organisation {name} is {visibility} again, not {found['visibility']}"
    teams = {team["name"].lower(): team for team in api.pages(f"/orgs/{name}/teams")}
    for team, fields in wanted["teams"].items():
        body = {"name": team, **fields}
        if team not in teams:
            api.write("POST", f"/orgs/{name}/teams", body)
            yield f"team {name}/{team} made"
        elif differing := _differing(teams[team], fields):
            api.write("PATCH", f"/teams/{teams[team]['id']}", body)
            yield f"team {name}/{team} put right: {', '.join(differing)}"


def _differing(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Names of the fields that are not as they should be."""
    flags = ("includes_all_repositories", "can_create_org_repo")
    differing = [flag for flag in flags if found[flag] != wanted[flag]]
    administers = wanted["permission"] == "admin"
    if (found["permission"] == "admin") != administers:
        differing.append("permission")
    units = {unit: mode for unit, mode in (found["units_map"] or {}).items() if mode != "none"}
    if not administers and units != wanted["units_map"]:
        differing.append("units_map")
    return differing


def _removal(api: GiteaApi, name: str) -> Iterator[str]:
    if api.find(f"/orgs/{name}") is None:
        return
    for what, path, key in (
        ("repositories", f"/orgs/{name}/repos", "full_name"),
        ("packages", f"/packages/{name}", "name"),
    ):
        held = [entry[key] for entry in api.pages(path)]
        if held:
            raise GiteaRefusedError(
                f"organisation {name} is not deleted, for it still holds {what}: {', '.join(held)}; move or delete them"
            )
    api.write("DELETE", f"/orgs/{name}")
    yield f"organisation {name} deleted"


def main() -> int:
    """Exit code 0 once a whole round found nothing to change; 1 with the reason after SECONDS, or where only a person
    can help.
    """
    api = GiteaApi(os.environ["GITEA_URL"], os.environ["USERNAME"], os.environ["PASSWORD"])
    declared = [json.loads(os.environ[name]) for name in ("PEOPLE", "ORGANISATIONS", "REMOVED")]
    repository, secret = json.loads(os.environ["REPOSITORY"]), Path(os.environ["READER"])

    def found() -> Iterator[str]:
        yield from changes(api, *declared)
        if repository is not None:
            yield from gitea_repository.changes(api, repository, secret)

    try:
        return gate.put_right(found, "Accounts, organisations and teams are as declared")
    except GiteaRefusedError as error:
        return gate.give_up(str(error))


if __name__ == "__main__":
    sys.exit(main())
