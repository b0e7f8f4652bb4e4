"""What the stack file says of Harbor, in the words of its API: what scripts/harbor_content.py brings about.

Shapes and numbers are those of Harbor 2.15.2: api/v2.0/swagger.yaml, roles in src/common/const.go, rules in
src/server/v2.0/handler/retention.go, rights of robots in src/common/rbac/const.go.
"""

from collections.abc import Mapping
from typing import Any

from components.harbor.settings import ArtifactRetention, HarborSettings, Project, Right, RobotAccount, Role
from lib.kubernetes import quantity_bytes

Document = dict[str, Any]

ROBOT_PREFIX = "robot$"
"""What Harbor puts before the name of a robot (its setting `robot_name_prefix`, which the program fixes)."""

_ROLES: Mapping[Role, int] = {"projectAdmin": 1, "developer": 2, "guest": 3, "maintainer": 4, "limitedGuest": 5}
_RIGHTS: Mapping[Right, tuple[tuple[str, str], ...]] = {
    "pull": (("repository", "pull"),),
    # Who pushes asks first what is there already.
    "push": (("repository", "pull"), ("repository", "push")),
    "delete": (("repository", "delete"), ("artifact", "delete"), ("tag", "delete")),
}
_UNLIMITED = -1
_PROXY_CACHE_DAYS = 7
"""What Harbor itself gives a new proxy cache (src/server/v2.0/handler/project.go)."""


def content(harbor: HarborSettings, generations: Mapping[str, int]) -> Document:
    """The whole document. It holds no secret.

    Args:
        generations: Generation of each robot's password.
    """
    removed = harbor.removed
    return {
        "registries": [
            {"name": name, "type": registry.type, "url": registry.url.rstrip("/")}
            for name, registry in harbor.registries.items()
        ],
        "projects": [_project(name, project) for name, project in harbor.projects.items()],
        "robots": [_robot(name, robot, generations[name]) for name, robot in harbor.robots.items()],
        "removed": {
            "projects": list(removed.projects),
            "registries": list(removed.registries),
            "robots": [f"{ROBOT_PREFIX}{name}" for name in removed.robots],
        },
        "schedules": {
            "gc": {
                "cron": _cron(harbor.garbage_collection.schedule),
                "parameters": {
                    "delete_untagged": harbor.garbage_collection.delete_untagged,
                    "dry_run": False,
                    "workers": 1,
                },
            },
            "scanAll": {"cron": _cron(harbor.scan_schedule), "parameters": {}},
        },
    }


def _cron(five_fields: str) -> str:
    """Harbor's cron begins with seconds, which must be 0 (ValidateCronString in src/common/utils/utils.go)."""
    return f"0 {five_fields}"


def _project(name: str, project: Project) -> Document:
    refuses = project.prevent_vulnerable
    metadata = {
        "public": _word(project.public),
        "auto_scan": _word(project.scan_on_push),
        "prevent_vul": _word(refuses is not None),
    }
    if refuses is not None:
        metadata["severity"] = refuses
    retention = project.retention
    if retention is None and project.proxy_cache is not None:
        retention = ArtifactRetention(pulled_within_days=_PROXY_CACHE_DAYS)
    return {
        "name": name,
        "registry": project.proxy_cache,
        "metadata": metadata,
        "storage": _UNLIMITED if project.quota is None else quantity_bytes(project.quota),
        "members": {group: _ROLES[role] for group, role in project.members.items()},
        "retention": None if retention is None else _retention(retention),
    }


def _word(value: bool) -> str:
    return "true" if value else "false"


def _retention(retention: ArtifactRetention) -> Document:
    """What any of the rules keeps stays (`or` is the only algorithm)."""
    limits = {
        "latestPushedK": retention.most_recently_pushed,
        "nDaysSinceLastPush": retention.pushed_within_days,
        "nDaysSinceLastPull": retention.pulled_within_days,
    }
    return {
        "algorithm": "or",
        "rules": [_rule(template, limit) for template, limit in limits.items() if limit is not None],
        "trigger": {"kind": "Schedule", "settings": {"cron": _cron(retention.schedule)}},
    }


def _rule(template: str, limit: int) -> Document:
    return {
        "action": "retain",
        "template": template,
        "params": {template: limit},
        "disabled": False,
        # Untagged artifacts, such as the parts of a proxy cache, count like all others.
        "tag_selectors": [
            {"kind": "doublestar", "decoration": "matches", "pattern": "**", "extras": '{"untagged":true}'}
        ],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"}]},
    }


def _robot(name: str, robot: RobotAccount, generation: int) -> Document:
    return {
        "name": name,
        "login": f"{ROBOT_PREFIX}{name}",
        "generation": generation,
        "permissions": [
            {"kind": "project", "namespace": project, "access": _access(rights)}
            for project, rights in robot.permissions.items()
        ],
    }


def _access(rights: tuple[Right, ...]) -> list[dict[str, str]]:
    wanted = dict.fromkeys(pair for right in rights for pair in _RIGHTS[right])
    return [{"resource": resource, "action": action} for resource, action in wanted]
