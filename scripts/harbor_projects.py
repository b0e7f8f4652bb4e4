"""Registries and projects of Harbor, for scripts/harbor_content.py: each function makes one as it is wanted.

`wanted` is an entry of the document of components/harbor/declared.py, `known` what the API lists under its name.
"""

import http.client
from typing import Any

from scripts.harbor_api import CannotError, HarborApi, HarborRefusedError, UnreachableError

ADMINISTRATOR = "admin"
_OIDC_GROUP = 3  # src/common/const.go

Wanted = dict[str, Any]


def registry(api: HarborApi, wanted: Wanted, known: Wanted | None) -> None:
    """A registry for proxy caches. Harbor refuses one that it cannot reach, as unhealthy or with what its client says
    (`validate` in src/controller/registry/controller.go).
    """
    try:
        _registry(api, wanted, known)
    except HarborRefusedError as error:
        if "unhealthy" in str(error) or error.status >= http.client.INTERNAL_SERVER_ERROR:
            raise UnreachableError(str(error)) from error
        raise


def _registry(api: HarborApi, wanted: Wanted, known: Wanted | None) -> None:
    if known is None:
        api.write("POST", "/registries", {**wanted, "insecure": False})
        return
    if known["type"] != wanted["type"]:
        raise CannotError(f"is of type {known['type']}, which cannot change; remove it first, or give it another name")
    if known["url"].rstrip("/") != wanted["url"] or known.get("insecure"):
        api.write("PUT", f"/registries/{known['id']}", {"url": wanted["url"], "insecure": False})


def project(api: HarborApi, wanted: Wanted, known: Wanted | None) -> None:
    """A project with its settings, quota, members and retention."""
    registry_id = None
    if wanted["registry"] is not None:
        registry_id = next((one["id"] for one in api.every("/registries") if one["name"] == wanted["registry"]), None)
        if registry_id is None:
            raise UnreachableError(f"needs the registry {wanted['registry']}, which is not there yet")
    if known is None:
        body = {"project_name": wanted["name"], "metadata": wanted["metadata"], "storage_limit": wanted["storage"]}
        api.write("POST", "/projects", body if registry_id is None else {**body, "registry_id": registry_id})
        return  # the next round sees its number
    if (known.get("registry_id") or None) != registry_id:
        raise CannotError("is a cache of another registry, or of none, which cannot change; remove it first")
    if any(known["metadata"].get(key) != value for key, value in wanted["metadata"].items()):
        api.write("PUT", f"/projects/{known['project_id']}", {"metadata": wanted["metadata"]})
    quota(api, known["project_id"], wanted["storage"])
    members(api, known["project_id"], wanted["members"])
    retention(api, known["project_id"], known["metadata"].get("retention_id"), wanted["retention"])


def quota(api: HarborApi, project_id: int, storage: int) -> None:
    """The most that a project's artifacts may take up, in bytes; -1 for no limit."""
    for one in api.every(f"/quotas?reference=project&reference_id={project_id}"):
        if one["hard"].get("storage") != storage:
            api.write("PUT", f"/quotas/{one['id']}", {"hard": {"storage": storage}})


def members(api: HarborApi, project_id: int, roles: dict[str, int]) -> None:
    """Groups with their roles, and nobody else but the administrator, who made the project."""
    path, missing = f"/projects/{project_id}/members", dict(roles)
    for one in api.every(path):
        if one["entity_type"] == "u" and one["entity_name"] == ADMINISTRATOR:
            continue
        role = missing.pop(one["entity_name"], None) if one["entity_type"] == "g" else None
        if role is None:
            api.write("DELETE", f"{path}/{one['id']}")
        elif role != one["role_id"]:
            api.write("PUT", f"{path}/{one['id']}", {"role_id": role})
    for group, role in missing.items():
        member = {"group_name": group, "group_type": _OIDC_GROUP}
        api.write("POST", path, {"role_id": role, "member_group": member})


def retention(api: HarborApi, project_id: int, policy_id: str | None, wanted: Wanted | None) -> None:
    """The rules by which artifacts stay; without any, all of them do."""
    if wanted is None:
        if policy_id:
            api.write("DELETE", f"/retentions/{policy_id}")
        return
    body = {**wanted, "scope": {"level": "project", "ref": project_id}}
    if not policy_id:
        api.write("POST", "/retentions", body)
    elif not _holds(api.get(f"/retentions/{policy_id}"), body):
        api.write("PUT", f"/retentions/{policy_id}", {**body, "id": int(policy_id)})


def _holds(known: Any, wanted: Any) -> bool:
    """Whether everything that is wanted is known so, whatever else Harbor adds, such as numbers and times."""
    if isinstance(wanted, dict):
        return isinstance(known, dict) and all(_holds(known.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(known, list) and len(known) == len(wanted) and all(map(_holds, known, wanted))
    return bool(known == wanted) or (wanted is False and known is None)  # Harbor leaves out what is false
