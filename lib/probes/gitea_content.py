"""Keeps the organisations and teams of Gitea as they are declared: makes those that are missing and puts right what
somebody changed. Who is in a team follows from the groups, at each login. Nothing is deleted that REMOVED does not
name, and nothing that still holds a repository or a package.

Facts of Gitea 1.26.2 and 1.27.3: a team of read or write is answered with the permission `none`, and only its units
tell what it may do (CreateTeam in routers/api/v1/org/team.go, GetUnitsMap in models/organization/team.go). An
organisation that was renamed answers to its old name with a redirect.

Environment: GITEA_URL, USERNAME and PASSWORD (of a site administrator without a second factor, which the API would
ask for), ORGANISATIONS (JSON: name -> `visibility` and `teams`, each with the fields of Gitea's CreateTeamOption),
REMOVED (JSON list of names), SSL_CERT_FILE, SECONDS (float, how long to try), SCHEDULED (lib/probes/gate.py).
"""

import base64
import http.client
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from lib.probes import gate

INTERVAL_SECONDS = 3.0
_PAGE = 50  # MAX_RESPONSE_ITEMS of Gitea


class WaitingError(Exception):
    """Gitea does not answer as it will: worth another try."""


class RefusedError(Exception):
    """Only a person can put it right."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: what answers under another name is something else."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


class Api:
    """Gitea's API as one account."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._base = f"{url.rstrip('/')}/api/v1"
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        self._opener = urllib.request.build_opener(_Stay(), trusted)

    def find(self, path: str) -> Any:
        """The answer to a GET; None where there is nothing."""
        return self._call("GET", path, None)

    def write(self, method: str, path: str, body: Any = None) -> None:
        """Raises RefusedError where there is nothing to write to."""
        if self._call(method, path, body) is None:
            raise RefusedError(f"{method} {path}: Gitea answers 404")

    def pages(self, path: str) -> Iterator[Any]:
        """Every entry of a list."""
        page = 1
        while entries := self.find(f"{path}?limit={_PAGE}&page={page}") or []:
            yield from entries
            page += 1

    def _call(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=20) as answer:
                text = answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return _refusal(f"{method} {path}", error)
        except (OSError, http.client.HTTPException) as error:
            raise WaitingError(f"{method} {path}: not reached ({error})") from error
        try:
            return json.loads(text) if text else {}
        except ValueError as error:
            raise WaitingError(f"{method} {path}: something answers that is not the API") from error


def _refusal(call: str, error: urllib.error.HTTPError) -> None:
    """None for what is not there; raises for every other answer."""
    if error.code == HTTPStatus.NOT_FOUND:
        return
    if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise WaitingError(
            f"{call}: Gitea refuses the account ({error.code}); it is made anew with every start, and no second factor "
            "may be set up for it"
        )
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise WaitingError(f"{call}: Gitea answers {error.code}")
    if error.code < HTTPStatus.BAD_REQUEST:
        target = error.headers.get("Location") or "nowhere"
        raise RefusedError(f"{call}: leads to {target}; give it its old name again, or declare it by the new one")
    try:
        message = json.loads(error.read().decode("utf-8", "replace"))["message"]
    except (ValueError, KeyError, TypeError):
        message = "no reason given"
    raise RefusedError(f"{call}: Gitea answers {error.code}: {message}")


def changes(api: Api, organisations: dict[str, Any], removed: list[str]) -> Iterator[str]:
    """Puts right what differs, and says each time what it did."""
    for name, wanted in organisations.items():
        yield from _organisation(api, name, wanted)
    for name in removed:
        yield from _removal(api, name)


def _organisation(api: Api, name: str, wanted: dict[str, Any]) -> Iterator[str]:
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


def _removal(api: Api, name: str) -> Iterator[str]:
    if api.find(f"/orgs/{name}") is None:
        return
    for what, path, key in (
        ("repositories", f"/orgs/{name}/repos", "full_name"),
        ("packages", f"/packages/{name}", "name"),
    ):
        held = [entry[key] for entry in api.pages(path)]
        if held:
            raise RefusedError(
                f"organisation {name} is not deleted, for it still holds {what}: {', '.join(held)}; move or delete them"
            )
    api.write("DELETE", f"/orgs/{name}")
    yield f"organisation {name} deleted"


def main() -> int:
    """Exit code 0 once a whole round found nothing to change; 1 with the reason after SECONDS, or where only a person
    can help.
    """
    api = Api(os.environ["GITEA_URL"], os.environ["USERNAME"], os.environ["PASSWORD"])
    organisations, removed = json.loads(os.environ["ORGANISATIONS"]), json.loads(os.environ["REMOVED"])
    deadline, corrected = time.monotonic() + float(os.environ["SECONDS"]), list[str]()
    while True:
        found = ""
        try:
            for change in changes(api, organisations, removed):
                corrected.append(change)
                found = f"{change}, and not seen to stay so"
                print(change, flush=True)
        except WaitingError as error:
            found = str(error)
            print(found, flush=True)
        except RefusedError as error:
            return gate.give_up(str(error))
        if not found:
            return gate.finish("Organisations and teams are as declared", corrected)
        if time.monotonic() > deadline:
            return gate.give_up(found)
        time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
