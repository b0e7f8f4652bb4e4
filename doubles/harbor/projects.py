"""Projects of Harbor 2.15.2, with what belongs to each."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from doubles.loopback import Reply

ADMINISTRATOR = "admin"
_PAGE, _MOST = 10, 100
_PROJECT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_RULES = frozenset(("latestPushedK", "latestPulledN", "nDaysSinceLastPush", "nDaysSinceLastPull", "always"))
_ROLES = range(1, 6)

Entry = dict[str, Any]


def refusal(status: int, words: str = "") -> Reply:
    """An error in Harbor's form."""
    return Reply(status, {"errors": [{"code": str(status), "message": words}]})


@dataclass
class Projects:
    """Its tables, by number, and the last number that was given."""

    registries: dict[int, Entry] = field(default_factory=dict)
    projects: dict[int, Entry] = field(default_factory=dict)
    members: dict[int, Entry] = field(default_factory=dict)
    quotas: dict[int, Entry] = field(default_factory=dict)
    retentions: dict[int, Entry] = field(default_factory=dict)
    number: int = 0

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _page(self, rows: list[Entry], query: str) -> Reply:
        asked = {key: int(values[0]) for key, values in parse_qs(query).items() if key in ("page", "page_size")}
        size = asked.get("page_size", _PAGE)
        if size > _MOST:
            return refusal(422, "page_size in query should be less than or equal to 100")
        first = (asked.get("page", 1) - 1) * size
        return Reply(200, rows[first : first + size], headers={"X-Total-Count": str(len(rows))})

    def _project(self, body: Entry) -> Reply:
        name = body["project_name"]
        if _PROJECT.fullmatch(name) is None:
            return refusal(400, "project name is not in lower case or contains illegal characters")
        if any(one["name"] == name for one in self.projects.values()):
            return refusal(409, f"The project named {name} already exists")
        number, registry = self._next(), body.get("registry_id")
        if registry is not None and registry not in self.registries:
            return refusal(404, f"registry {registry} not found")
        one = {"project_id": number, "name": name, "metadata": dict(body["metadata"])}
        self.projects[number] = one if registry is None else {**one, "registry_id": registry}
        quota = self._next()
        self.quotas[quota] = {"id": quota, "ref": {"id": number}, "hard": {"storage": body["storage_limit"]}}
        self._add_member(number, ADMINISTRATOR, "u", 1)
        if registry is not None:
            rule = {"action": "retain", "template": "nDaysSinceLastPull", "params": {"nDaysSinceLastPull": 7}}
            trigger = {"kind": "Schedule", "settings": {"cron": "0 0 0 * * *"}}
            self._retention({"algorithm": "or", "rules": [rule], "trigger": trigger, "scope": {"ref": number}})
        return Reply(201)

    def _change_project(self, number: str, body: Entry) -> Reply:
        self.projects[int(number)]["metadata"].update(body["metadata"])
        return Reply(200)

    def _add_member(self, project: int, name: str, kind: str, role: int) -> None:
        number = self._next()
        self.members[number] = {
            "id": number, "project_id": project, "entity_name": name, "entity_type": kind, "role_id": role
        }  # fmt: skip

    def _list_members(self, project: str, query: str) -> Reply:
        return self._page([one for one in self.members.values() if one["project_id"] == int(project)], query)

    def _member(self, project: str, body: Entry) -> Reply:
        group, there = body["member_group"], self._list_members(project, "page_size=100").body
        if body["role_id"] not in _ROLES or group["group_type"] != 3:
            return refusal(400, "Failed to update project member, role is not in 1,2,3")
        if any((one["entity_type"], one["entity_name"]) == ("g", group["group_name"]) for one in there):
            return refusal(409, "The project member specified already exist")
        self._add_member(int(project), group["group_name"], "g", body["role_id"])
        return Reply(201)

    def _change_member(self, _: str, number: str, body: Entry) -> Reply:
        self.members[int(number)]["role_id"] = body["role_id"]
        return Reply(200)

    def _change_quota(self, number: str, body: Entry) -> Reply:
        if set(body["hard"]) != {"storage"} or (body["hard"]["storage"] <= 0 and body["hard"]["storage"] != -1):
            return refusal(400, "invalid quota")
        self.quotas[int(number)]["hard"] = body["hard"]
        return Reply(200)

    def _retention_of(self, number: str) -> Reply:
        return Reply(200, self.retentions[int(number)])

    def _retention(self, body: Entry) -> Reply:
        project = self.projects[body["scope"]["ref"]]["metadata"]
        if project.get("retention_id"):
            return refusal(400, f"project already has retention policy {project['retention_id']}")
        number = self._next()
        project["retention_id"] = str(number)
        return self._change_retention(str(number), body)

    def _change_retention(self, number: str, body: Entry) -> Reply:
        cron = body["trigger"]["settings"]["cron"]
        if (
            len(cron.split()) != 6
            or not cron.startswith("0 ")
            or any(r["template"] not in _RULES for r in body["rules"])
        ):
            return refusal(400, "invalid retention")
        rules = [{**rule, "id": place, "priority": 0} for place, rule in enumerate(body["rules"])]
        # Go leaves out what is false.
        rules = [{key: value for key, value in rule.items() if value is not False} for rule in rules]
        self.retentions[int(number)] = {**body, "id": int(number), "rules": rules}
        return Reply(200)

    def _drop_retention(self, number: int) -> Reply:
        project = self.retentions.pop(number)["scope"]["ref"]
        del self.projects[project]["metadata"]["retention_id"]
        return Reply(200)

    def _drop(self, table: dict[int, Entry], number: str) -> Reply:
        return Reply(200) if table.pop(int(number), None) else refusal(404, "not found")
