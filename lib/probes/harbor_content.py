"""Makes Harbor hold what the stack file says, and proves it: done only once a whole round found nothing to change.

Each part stands for itself: one that cannot be made keeps none of the others from being made. What the file does not
name stays as it is, except members of its projects and rules of their retention.

Environment: HARBOR_URL (public), HARBOR_PASSWORD (of the administrator), CONTENT (JSON, lib/harbor/content.py),
LOGINS (directory with a directory for each robot: the Secret of lib/harbor/pull_secret.py), SSL_CERT_FILE, SECONDS
(float, how long to try).
"""

import http.client
import json
import os
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from lib.probes import gate
from lib.probes.harbor_api import Api, CannotError, RefusedError
from lib.probes.harbor_projects import ADMINISTRATOR, Wanted, project, registry

INTERVAL_SECONDS = 5.0


def robot(api: Api, wanted: Wanted, known: Wanted | None, directory: Path) -> None:
    """A robot of the whole Harbor, with its rights and its password. Harbor makes up the first password itself."""
    password = _password(api, wanted, directory)
    body = {"level": "system", "duration": -1, "disable": False, "permissions": wanted["permissions"]}
    if known is None:
        api.write("POST", "/robots", {**body, "name": wanted["name"], "description": "declared in the stack file"})
        return  # the next round sees its number
    if known.get("disable") or known.get("duration") != -1 or _rights(known) != _rights(wanted):
        # Its name is that with the prefix, and stays.
        description = known.get("description", "")
        api.write("PUT", f"/robots/{known['id']}", {**body, "name": known["name"], "description": description})
    if not api.lets_in(wanted["login"], password):
        api.write("PATCH", f"/robots/{known['id']}", {"secret": password})


def _password(api: Api, wanted: Wanted, directory: Path) -> str:
    secret = directory / wanted["name"]
    generation = (secret / "generation").read_text(encoding="utf-8")
    if generation != str(wanted["generation"]):
        raise CannotError(f"its Secret as mounted here is still generation {generation}")
    logins = json.loads((secret / ".dockerconfigjson").read_text(encoding="utf-8"))["auths"]
    return str(logins[urllib.parse.urlsplit(api.url).netloc]["password"])


def _rights(one: Wanted) -> set[tuple[str, str, str]]:
    return {
        (scope["namespace"], access["resource"], access["action"])
        for scope in one.get("permissions") or []
        for access in scope["access"]
    }


def schedule(api: Api, job: str, wanted: Wanted) -> None:
    """When garbage is collected (`gc`), or everything is scanned (`scanAll`)."""
    path = f"/system/{job}/schedule"
    known = api.get(path) or {}
    cron = (known.get("schedule") or {}).get("cron")
    # Only that of garbage has parameters, as a text.
    deletes = json.loads(known.get("job_parameters") or "{}").get("delete_untagged", False)
    if cron != wanted["cron"] or deletes != wanted["parameters"].get("delete_untagged", False):
        api.write("PUT", path, {"schedule": {"type": "Custom", "cron": wanted["cron"]}, **_given(wanted)})


def _given(wanted: Wanted) -> Wanted:
    return {"parameters": wanted["parameters"]} if wanted["parameters"] else {}


Part = tuple[str, Callable[[], None]]


def _parts(api: Api, content: Wanted, directory: Path) -> Iterator[Part]:
    """Every part by its name, in the order in which they need each other.

    Registries come first: asked without a right password, Harbor would list the public projects as if that were all.
    """
    registries = {one["name"]: one for one in api.every("/registries")}
    for one in content["registries"]:
        yield f"registry {one['name']}", partial(registry, api, one, registries.get(one["name"]))
    projects = {one["name"]: one for one in api.every("/projects")}
    for one in content["projects"]:
        yield f"project {one['name']}", partial(project, api, one, projects.get(one["name"]))
    robots = {one["name"]: one for one in api.every("/robots")}
    for one in content["robots"]:
        yield f"robot {one['name']}", partial(robot, api, one, robots.get(one["login"]), directory)
    there = (("robots", robots, "id"), ("projects", projects, "project_id"), ("registries", registries, "id"))
    for kind, known, number in there:
        for name in content["removed"][kind]:
            if name in known:
                yield f"removed.{kind} {name}", partial(api.write, "DELETE", f"/{kind}/{known[name][number]}")
    for job, wanted in content["schedules"].items():
        yield f"schedule {job}", partial(schedule, api, job, wanted)


def problems(api: Api, content: Wanted, directory: Path) -> list[str]:
    """One round: what could not be brought about, one line each."""
    found = []
    try:
        for name, part in _parts(api, content, directory):
            try:
                part()
            except FileNotFoundError as error:
                found.append(f"{name}: {error.filename} is not mounted")
            except (RefusedError, CannotError) as error:
                found.append(f"{name}: {error}")
    except RefusedError as error:
        changed = error.status == http.client.UNAUTHORIZED
        found.append(f"Harbor: {error}" + ("; was the administrator's password changed by hand?" if changed else ""))
    except (OSError, http.client.HTTPException, ValueError) as error:
        found.append(f"Harbor is not answering ({error})")
    return found


def main() -> int:
    """Exit code 0 once a whole round changed nothing, 1 with what is wrong after SECONDS."""
    api = Api(os.environ["HARBOR_URL"], ADMINISTRATOR, os.environ["HARBOR_PASSWORD"])
    content, directory = json.loads(os.environ["CONTENT"]), Path(os.environ["LOGINS"])
    deadline = time.monotonic() + float(os.environ["SECONDS"])
    while True:
        api.writes.clear()
        found = problems(api, content, directory)
        for line in (*(f"changed: {write}" for write in api.writes), *found):
            print(line, flush=True)
        if not found and not api.writes:
            print("Harbor holds what the stack file says")
            return 0
        if time.monotonic() > deadline:
            return gate.give_up("\n".join(found or [f"{write} did not last" for write in api.writes]))
        time.sleep(INTERVAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
