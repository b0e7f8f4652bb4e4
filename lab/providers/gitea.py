"""The simulated Gitea, as far as the program's Job for its content asks it (scripts/gitea_content.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from lab.providers.kubernetes.cluster import Cluster
from lab.providers.kubernetes.endpoints import UnreachableError, release_of
from lab.providers.kubernetes.jobs import DONE, Container, Outcome
from lab.providers.kubernetes.pods import environment

ORGANISATIONS: Final = "gitea/organisations"
"""Table of the world: organisation -> `visibility`, `teams`, and `repositories`, which a person pushed."""
ACCOUNTS: Final = "gitea/accounts"
"""Table of the world: user name -> `active`, of people who have logged in."""
_CREDENTIALS: Final = ("USERNAME", "PASSWORD")


def content(cluster: Cluster, container: Container) -> Outcome:
    """GITEA_URL, PEOPLE, ORGANISATIONS and REMOVED: Gitea takes the account and holds what is declared."""
    url = container.env["GITEA_URL"]
    try:
        release = release_of(cluster, "gitea", url, container.namespace)
    except UnreachableError as error:
        return Outcome(waiting=str(error))
    if _administrator(cluster, release) != tuple(container.env[name] for name in _CREDENTIALS):
        return Outcome(waiting="Gitea refuses the account (401)")
    people = json.loads(container.env["PEOPLE"])
    for name in cluster.world.keys(ACCOUNTS):
        cluster.world.put(ACCOUNTS, name, {"active": name in people})
    return _reconcile(cluster, json.loads(container.env["ORGANISATIONS"]), json.loads(container.env["REMOVED"]))


def _administrator(cluster: Cluster, release: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Name and password of the account that the chart makes of a Secret."""
    secret = ((release["values"].get("gitea") or {}).get("admin") or {}).get("existingSecret")
    variables = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name.lower()}}} for name in _CREDENTIALS
    ]
    known = environment(cluster, str(release["namespace"]), {"name": "gitea", "env": variables})
    return tuple(known.get(name) for name in _CREDENTIALS)


def _reconcile(cluster: Cluster, organisations: Mapping[str, Any], removed: list[str]) -> Outcome:
    for name in removed:
        held = (cluster.world.get(ORGANISATIONS, name) or {}).get("repositories")
        if held:
            return Outcome(failed=f"organisation {name} is not deleted, for it still holds repositories: {held[0]}")
    for name, wanted in organisations.items():
        known = cluster.world.get(ORGANISATIONS, name) or {}
        teams = {**known.get("teams", {}), **wanted["teams"]}
        cluster.world.put(ORGANISATIONS, name, {**known, "visibility": wanted["visibility"], "teams": teams})
    for name in removed:
        cluster.world.delete(ORGANISATIONS, name)
    return DONE
