"""The repository of Gitea that Flux applies: made where it is missing, with a first commit where it is empty, and the
account that reads it. What is in it is never touched.

Facts of Gitea 1.26.2, which was tried, and 1.27.3, which was read: a commit by the API may be the first of a repository
(ChangeRepoFiles in services/repository/files/update.go). PATCH of an account asks for `login_name` in the former
(EditUserOption in modules/structs/admin_user.go), which means nothing for one that no login made. An account is asked
for nothing but its password over https, unless it has a second factor (services/auth/basic.go). What a collaborator may
do is answered by name (`permission`).
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.gate import WaitingError
from scripts.gitea_api import GiteaApi


def changes(api: GiteaApi, wanted: dict[str, Any], secret: Path) -> Iterator[str]:
    """Puts right what differs, and says each time what it did.

    Args:
        wanted: `owner`, `name`, `reader`, `email`, `generation`, `branch`, `files` (components/gitea/repository.py).
        secret: Directory with the files `password` and `generation` of the reader.
    """
    # kubelets bring a new value some time after the Job has begun.
    if (secret / "generation").read_text() != wanted["generation"]:
        raise WaitingError(f"generation {wanted['generation']} of the password of {wanted['reader']} is not here yet")
    yield from _account(api, wanted, (secret / "password").read_text())
    yield from _repository(api, wanted)


def _account(api: GiteaApi, wanted: dict[str, Any], password: str) -> Iterator[str]:
    name = wanted["reader"]
    fields = {"login_name": name, "password": password, "must_change_password": False}
    if api.find(f"/users/{name}") is None:
        body = {**fields, "username": name, "email": wanted["email"], "restricted": True, "visibility": "private"}
        api.write("POST", "/admin/users", body)
        yield f"account {name} made"
    elif not api.admits(name, password):
        body = {**fields, "source_id": 0, "active": True, "prohibit_login": False}
        api.write("PATCH", f"/admin/users/{name}", body)
        yield f"account {name} has its password again"


def _repository(api: GiteaApi, wanted: dict[str, Any]) -> Iterator[str]:
    owner, name, reader = wanted["owner"], wanted["name"], wanted["reader"]
    path, branch = f"/repos/{owner}/{name}", wanted["branch"]
    found = api.find(path)
    if found is None:
        api.write("POST", f"/orgs/{owner}/repos", {"name": name, "private": True, "default_branch": branch})
        yield f"repository {owner}/{name} made"
    elif found["empty"]:
        files = [
            {"operation": "create", "path": file, "content": base64.b64encode(text.encode()).decode()}
            for file, text in wanted["files"].items()
        ]
        api.write("POST", f"{path}/contents", {"branch": branch, "message": "What Flux applies", "files": files})
        yield f"repository {owner}/{name} has its first commit"
    if found is not None and (api.find(f"{path}/collaborators/{reader}/permission") or {}).get("permission") != "read":
        api.write("PUT", f"{path}/collaborators/{reader}", {"permission": "read"})
        yield f"account {reader} may read {owner}/{name}"
