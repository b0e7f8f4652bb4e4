"""The simulated Harbor, as far as the program's Job for its content asks it (scripts/harbor_content.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, release_of
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.providers.kubernetes.pods import data_of, environment
from lab.providers.kubernetes.rbac import Account, may

PROJECTS: Final = "harbor/projects"
"""Table of the world: project -> what it was declared as, and `images`, which a person pushed."""
ROBOTS: Final = "harbor/robots"
"""Table of the world: login of a robot -> its password and permissions."""
REGISTRIES: Final = "harbor/registries"
SCHEDULES: Final = "harbor/schedules"
"""Table of the world: `gc` -> `redis_url_reg`, which core copied from its environment when the schedule was written."""


def content(cluster: Cluster, container: Container) -> Outcome:
    """HARBOR_URL, HARBOR_PASSWORD, CONTENT and LOGINS: Harbor takes the account and holds what is declared."""
    url = container.env["HARBOR_URL"]
    try:
        release = release_of(cluster, "harbor", url, container.namespace)
    except UnreachableError as error:
        return Outcome(waiting=str(error))
    if container.env["HARBOR_PASSWORD"] != _password_of_administrator(cluster, release):
        return Outcome(waiting="Harbor: GET /registries was answered 401")
    wanted = json.loads(container.env["CONTENT"])
    problem = _secret_problem(cluster, container) or next(_problems(cluster, container, wanted), None)
    if problem is not None:
        return Outcome(waiting=problem)
    _hold(cluster, container, wanted)
    cluster.world.put(SCHEDULES, "gc", {"redis_url_reg": _core_variable(cluster, release, "_REDIS_URL_REG")})
    return DONE


def _secret_problem(cluster: Cluster, container: Container) -> str:
    """Why the script would not see that core runs with the Secret as it is wanted."""
    account = Account(container.namespace, container.account)
    name = container.env["VALKEY_SECRET"].rpartition("/")[2]
    for verb, resource, one in (("get", "secrets", name), ("list", "pods", "")):
        if not may(cluster, account, verb, resource, one):
            return f"Harbor is not answering (HTTP Error 403: Forbidden): {account.name} cannot {verb} {resource}"
    found = cluster.look("Secret", container.namespace, name) or {"metadata": {}}
    held = (found["metadata"].get("annotations") or {}).get("home-cluster/generations")
    return "" if held == container.env["VALKEY_GENERATIONS"] else f"the Secret {name} is of {held} yet"


def _core_variable(cluster: Cluster, release: Mapping[str, Any], variable: str) -> str | None:
    """What core sees; pods of the lab are restarted at once."""
    variables = release["values"].get("core", {}).get("extraEnvVars") or []
    return environment(cluster, str(release["namespace"]), {"env": variables}).get(variable)


def _password_of_administrator(cluster: Cluster, release: Mapping[str, Any]) -> str | None:
    """What the chart gives to the first start of core."""
    values = release["values"]
    held = data_of(cluster, "Secret", str(release["namespace"]), values.get("existingSecretAdminPassword", ""))
    return held.get(values.get("existingSecretAdminPasswordKey", "HARBOR_ADMIN_PASSWORD"))


def _problems(cluster: Cluster, container: Container, wanted: Mapping[str, Any]) -> Iterator[str]:
    """What Harbor would refuse, or what is not mounted yet."""
    registries = {one["name"] for one in wanted["registries"]} | set(cluster.world.view(REGISTRIES))
    projects = {one["name"] for one in wanted["projects"]} | set(cluster.world.view(PROJECTS)) | {"*"}
    for one in wanted["projects"]:
        if one["registry"] is not None and one["registry"] not in registries:
            yield f"project {one['name']}: needs the registry {one['registry']}, which is not there yet"
    for one in wanted["robots"]:
        for scope in one["permissions"]:
            if scope["namespace"] not in projects:
                yield f"robot {one['name']}: POST /robots was answered 404: project {scope['namespace']} not found"
        yield from _login_problems(cluster, container, one)
    for name in wanted["removed"]["projects"]:
        if (cluster.world.get(PROJECTS, name) or {}).get("images"):
            yield f"removed.projects {name}: the project contains repositories, can not be deleted"


def _login_problems(cluster: Cluster, container: Container, robot: Mapping[str, Any]) -> Iterator[str]:
    files, directory = container.files(cluster), f"{container.env['LOGINS']}/{robot['name']}"
    generation = files.get(f"{directory}/generation")
    if generation is None or f"{directory}/.dockerconfigjson" not in files:
        yield f"robot {robot['name']}: {directory} is not mounted"
    elif generation != str(robot["generation"]):
        yield f"robot {robot['name']}: its Secret as mounted here is still generation {generation}"
    elif _login(cluster, container, robot).get("username") != robot["login"]:
        yield f"robot {robot['name']}: its Secret holds no login of it"


def _login(cluster: Cluster, container: Container, robot: Mapping[str, Any]) -> Mapping[str, str]:
    text = container.files(cluster)[f"{container.env['LOGINS']}/{robot['name']}/.dockerconfigjson"]
    logins: Mapping[str, Mapping[str, str]] = json.loads(text)["auths"]
    return logins.get(urlsplit(container.env["HARBOR_URL"]).netloc, {})


def _hold(cluster: Cluster, container: Container, wanted: Mapping[str, Any]) -> None:
    world = cluster.world
    for one in wanted["registries"]:
        world.put(REGISTRIES, one["name"], dict(one))
    for one in wanted["projects"]:
        world.put(PROJECTS, one["name"], {**(world.get(PROJECTS, one["name"]) or {}), **one})
    for one in wanted["robots"]:
        password = _login(cluster, container, one)["password"]
        world.put(ROBOTS, one["login"], {"password": password, "permissions": one["permissions"]})
    removed = wanted["removed"]
    for table, names in (
        (ROBOTS, removed["robots"]),
        (PROJECTS, removed["projects"]),
        (REGISTRIES, removed["registries"]),
    ):
        for name in names:
            world.delete(table, name)
