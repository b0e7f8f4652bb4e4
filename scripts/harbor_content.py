"""Makes Harbor hold what the stack file says, and proves it: done only once a whole round found nothing to change.

Each part stands for itself: one that cannot be made keeps none of the others from being made. What the file does not
name stays as it is, except members of its projects and rules of their retention.

Environment: HARBOR_URL (public), HARBOR_PASSWORD (of the administrator), CONTENT (JSON, components/harbor/declared.py),
LOGINS (directory with a directory for each robot: the Secret of components/harbor/pull_secret.py), VALKEY_SECRET,
VALKEY_GENERATIONS and CORE_PODS (scripts/harbor_schedules.py, `Core`), SSL_CERT_FILE, SECONDS and SCHEDULED
(scripts/gate.py). Runs in a pod whose ServiceAccount may get that Secret and list those pods.
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

from scripts import gate
from scripts.cluster_api import ClusterApi
from scripts.harbor_api import CannotError, HarborApi, HarborRefusedError, UnreachableError
from scripts.harbor_projects import ADMINISTRATOR, Wanted, project, registry
from scripts.harbor_schedules import Core, failed_collection, schedule

PATIENCE_SECONDS = 60.0
"""How long something outside that does not answer is asked again; the next scheduled run asks it anew."""


def robot(api: HarborApi, wanted: Wanted, known: Wanted | None, directory: Path, missing: set[str]) -> None:
    """A robot of the whole Harbor, with its password, and its rights except in projects that are missing."""
    password = _password(api, wanted, directory)
    permissions = [scope for scope in wanted["permissions"] if scope["namespace"] not in missing]
    if permissions:  # Harbor refuses a robot without
        _robot(api, {**wanted, "permissions": permissions}, known, password)
    if permissions != wanted["permissions"]:
        lacking = ", ".join(scope["namespace"] for scope in wanted["permissions"] if scope not in permissions)
        raise UnreachableError(f"has no rights yet in {lacking}")


def _robot(api: HarborApi, wanted: Wanted, known: Wanted | None, password: str) -> None:
    """Harbor makes up the first password itself."""
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


def _password(api: HarborApi, wanted: Wanted, directory: Path) -> str:
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


Part = tuple[str, Callable[[], None]]


def _parts(api: HarborApi, content: Wanted, directory: Path, core: Core) -> Iterator[Part]:
    """Every part by its name, in the order in which they need each other.

    Registries come first: asked without a right password, Harbor would list the public projects as if that were all.
    """
    registries = {one["name"]: one for one in api.every("/registries")}
    for one in content["registries"]:
        yield f"registry {one['name']}", partial(registry, api, one, registries.get(one["name"]))
    projects = {one["name"]: one for one in api.every("/projects")}
    for one in content["projects"]:
        yield f"project {one['name']}", partial(project, api, one, projects.get(one["name"]))
    missing = {one["name"] for one in content["projects"] if one["registry"]}
    missing -= {one["name"] for one in api.every("/projects")}
    robots = {one["name"]: one for one in api.every("/robots")}
    for one in content["robots"]:
        yield f"robot {one['name']}", partial(robot, api, one, robots.get(one["login"]), directory, missing)
    there = (("robots", robots, "id"), ("projects", projects, "project_id"), ("registries", registries, "id"))
    for kind, known, number in there:
        for name in content["removed"][kind]:
            if name in known:
                yield f"removed.{kind} {name}", partial(api.write, "DELETE", f"/{kind}/{known[name][number]}")
    for job, wanted in content["schedules"].items():
        yield f"schedule {job}", partial(schedule, api, job, wanted, core)


def problems(api: HarborApi, content: Wanted, directory: Path, core: Core) -> tuple[list[str], list[str]]:
    """One round: what could not be brought about, and what only something outside can mend, one line each."""
    found, outside = [], []
    try:
        for name, part in _parts(api, content, directory, core):
            try:
                part()
            except FileNotFoundError as error:
                found.append(f"{name}: {error.filename} is not mounted")
            except UnreachableError as error:
                outside.append(f"{name}: {error}")
            except (HarborRefusedError, CannotError) as error:
                found.append(f"{name}: {error}")
        outside += filter(None, [failed_collection(api)])
    except HarborRefusedError as error:
        changed = error.status == http.client.UNAUTHORIZED
        found.append(f"Harbor: {error}" + ("; was the administrator's password changed by hand?" if changed else ""))
    except (OSError, http.client.HTTPException, ValueError) as error:
        found.append(f"Harbor is not answering ({error})")
    return found, outside


def main() -> int:
    """Exit code 0 once a whole round changed nothing, 1 with what is wrong after SECONDS."""
    api = HarborApi(os.environ["HARBOR_URL"], ADMINISTRATOR, os.environ["HARBOR_PASSWORD"])
    content, directory = json.loads(os.environ["CONTENT"]), Path(os.environ["LOGINS"])
    secret, generations = os.environ["VALKEY_SECRET"], os.environ["VALKEY_GENERATIONS"]
    core = Core(ClusterApi(os.environ), secret, generations, os.environ["CORE_PODS"])
    begun, corrected, outside = time.monotonic(), list[str](), list[str]()

    def problem() -> str:
        api.writes.clear()
        found, outside[:] = problems(api, content, directory, core)
        changed = [f"changed: {write}" + (f", for {why}" if why else "") for write, why in api.writes.items()]
        corrected.extend(f"changed: {write}" for write, why in api.writes.items() if not why)
        for line in (*changed, *outside):
            print(line, flush=True)
        awaited = outside if time.monotonic() - begun <= PATIENCE_SECONDS else []
        return "\n".join(found or [f"{write}: not yet seen to last" for write in api.writes] or awaited)

    if reason := gate.last_problem(problem):
        return gate.give_up(reason)
    return gate.finish("Harbor holds what the stack file says", corrected, outside)


if __name__ == "__main__":
    sys.exit(main())
