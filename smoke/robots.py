"""Which robot of the registry is used, and in which project."""

from __future__ import annotations

from collections.abc import Mapping

from components.harbor.declared import ROBOT_PREFIX
from components.harbor.settings import ALL_PROJECTS, HarborSettings
from settings.model import Settings
from smoke.site import Robot


def robot(settings: Settings, environment: Mapping[str, str]) -> Robot | None:
    """The robot that SMOKE_ROBOT names, as the stack file or as its login does; None when it is not set.

    The project is SMOKE_PROJECT, else the first that the robot may push to and pull from.

    Raises:
        ValueError: when the secret is missing or no project can be used.
    """
    login, secret = environment.get("SMOKE_ROBOT", ""), environment.get("SMOKE_ROBOT_SECRET", "")
    if not login and not secret:
        return None
    if not login or not secret:
        missing = "SMOKE_ROBOT_SECRET" if login else "SMOKE_ROBOT"
        raise ValueError(f"{missing}: is not set although the other is; set both or none")
    name = login.removeprefix(ROBOT_PREFIX)
    project = environment.get("SMOKE_PROJECT") or _project(settings, name)
    if not project:
        raise ValueError(
            f"SMOKE_ROBOT: {name} of harbor.robots may push to no project; name another robot, or a project where it "
            "may with SMOKE_PROJECT"
        )
    return Robot(f"{ROBOT_PREFIX}{name}", secret, project)


def _project(settings: Settings, name: str) -> str:
    """A project with a volume of its own, which a proxy cache is not: nobody can push to one."""
    declared = settings.section(HarborSettings).robots.get(name)
    if declared is None:
        return ""
    both = {project for project, rights in declared.permissions.items() if {"push", "pull"} <= set(rights)}
    own = [project for project, one in settings.section(HarborSettings).projects.items() if one.proxy_cache is None]
    return next((project for project in own if project in both or ALL_PROJECTS in both), "")
