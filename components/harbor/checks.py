"""Checks of what the registry holds across the stack file."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from components.harbor.settings import ALL_PROJECTS, HarborSettings, Project, ScannerSettings
from settings.model import Settings
from settings.problem import Problem

_DOCKER_HUB = "hub.docker.com"
"""Whatever the URL says (src/pkg/reg/adapter/dockerhub/consts.go of Harbor)."""


def projects_have_members(settings: Settings) -> Iterator[Problem]:
    declared = settings.identity.groups
    for name, project in settings.section(HarborSettings).projects.items():
        key = f"harbor.projects.{name}.members"
        if not project.members and not (project.public and project.proxy_cache):
            yield Problem(
                key,
                name,
                "would have no members, so nobody but administrators could use it",
                "give a group of identity.groups a role in it",
            )
        for group in project.members:
            if group not in declared:
                yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")


def members_may_log_in(settings: Settings) -> Iterator[Problem]:
    harbor = settings.section(HarborSettings)
    granted = {group for project in harbor.projects.values() for group in project.members}
    for username, user in settings.identity.users.items():
        roles = sorted(granted.intersection(user.groups))
        if roles and not {harbor.user_group, harbor.admin_group}.intersection(user.groups):
            yield Problem(
                f"identity.users.{username}.groups",
                roles[0],
                f"gives no login to Harbor without harbor.userGroup {harbor.user_group}",
                f"add {harbor.user_group}",
            )


def retention_keeps_something(settings: Settings) -> Iterator[Problem]:
    for name, project in settings.section(HarborSettings).projects.items():
        kept = project.retention
        if kept and not (kept.most_recently_pushed or kept.pushed_within_days or kept.pulled_within_days):
            yield Problem(
                f"harbor.projects.{name}.retention",
                name,
                "has a retention that keeps nothing, which would delete every artifact",
                "give mostRecentlyPushed, pushedWithinDays or pulledWithinDays, or leave retention out",
            )


def proxy_caches_have_a_registry(settings: Settings) -> Iterator[Problem]:
    for name, project in settings.section(HarborSettings).projects.items():
        registry = project.proxy_cache
        if registry is not None and registry not in settings.section(HarborSettings).registries:
            yield Problem(
                f"harbor.projects.{name}.proxyCache",
                registry,
                "is no registry of harbor.registries",
                "declare it there or correct the name",
            )


def registries_are_others(settings: Settings) -> Iterator[Problem]:
    harbor = settings.section(HarborSettings)
    for name, registry in harbor.registries.items():
        key, host = f"harbor.registries.{name}.url", urlsplit(registry.url).hostname
        if host == harbor.host:
            yield Problem(key, registry.url, "is Harbor itself, harbor.host", "name the registry whose images to cache")
        elif registry.type == "docker-hub" and host != _DOCKER_HUB:
            clash = f"is not https://{_DOCKER_HUB}, the only place that the type docker-hub asks"
            yield Problem(key, registry.url, clash, "write that, or use the type docker-registry")


def robots_have_something_to_do(settings: Settings) -> Iterator[Problem]:
    for name, robot in settings.section(HarborSettings).robots.items():
        key = f"harbor.robots.{name}.permissions"
        if not robot.permissions:
            yield Problem(key, name, "would have no permissions, which Harbor refuses", "name a project and its rights")
        for project, rights in robot.permissions.items():
            if not rights:
                yield Problem(key, project, "has no rights, which Harbor refuses", "give pull, push or delete")
            if project != ALL_PROJECTS and project not in settings.section(HarborSettings).projects:
                clash = "is no project of harbor.projects"
                yield Problem(key, project, clash, "declare it there or correct the name")


def removed_content_is_gone(settings: Settings) -> Iterator[Problem]:
    harbor, removed = settings.section(HarborSettings), settings.section(HarborSettings).removed
    lists = (
        ("projects", removed.projects, harbor.projects),
        ("registries", removed.registries, harbor.registries),
        ("robots", removed.robots, harbor.robots),
    )
    for kind, gone, kept in lists:
        for name in gone:
            if name in kept:
                yield Problem(
                    f"harbor.removed.{kind}",
                    name,
                    f"still stands in harbor.{kind}",
                    "delete it in one of the two places",
                )


def node_mirrors_are_public_proxy_caches(settings: Settings) -> Iterator[Problem]:
    """Nodes pull without a login: a machine's configuration must hold no password that could be rotated."""
    for host, name in settings.section(HarborSettings).node_mirrors.items():
        project = settings.section(HarborSettings).projects.get(name)
        problem = _no_project(settings, name) if project is None else _unusable(settings, host, project)
        if problem is not None:
            yield Problem(f"harbor.nodeMirrors.{host}", name, *problem)


def _no_project(settings: Settings, name: str) -> tuple[str, str]:
    caches = [other for other, project in settings.section(HarborSettings).projects.items() if project.proxy_cache]
    known = f", such as {caches[0]}" if caches else ""
    return "is no project of harbor.projects", f"name a public proxy cache{known}"


def _unusable(settings: Settings, host: str, project: Project) -> tuple[str, str] | None:
    """What it clashes with, and the fix."""
    if project.proxy_cache is None:
        return "is no proxy cache, so it would lack every image it was not given", "give the project a proxyCache"
    if not project.public:
        return "is not public, and nodes pull through it without a login", "set public: true on the project"
    registry = settings.section(HarborSettings).registries.get(project.proxy_cache)
    if registry is not None and registry.image_host != host:
        return (
            f"caches {registry.image_host}, so nodes would get its images under the names of {host}",
            f"write {registry.image_host}, or name a cache of {host}",
        )
    return None


def databases_of_the_scanner_are_reached(settings: Settings) -> Iterator[Problem]:
    """Trivy downloads them itself, so no mirror of the nodes stands for their registries."""
    harbor = settings.section(HarborSettings)
    if settings.network.internet or not harbor.enabled:
        return
    upstream = ScannerSettings()
    for key in "vulnerabilities", "java":
        for repository in getattr(harbor.scanner, key):
            if repository in getattr(upstream, key):
                clash = "is on the internet, which the site does not reach (network.internet)"
                fix = "name a copy in a registry of the site (docs/offline.md)"
                yield Problem(f"harbor.scanner.{key}", repository, clash, fix)


def node_mirrors_have_nodes_and_a_registry(settings: Settings) -> Iterator[Problem]:
    if not settings.section(HarborSettings).node_mirrors:
        return
    hosts = ", ".join(settings.section(HarborSettings).node_mirrors)
    if not settings.section(HarborSettings).enabled:
        clash = "would be pulled through Harbor, and harbor.enabled is false"
        yield Problem("harbor.nodeMirrors", hosts, clash, "switch Harbor on, or leave nodeMirrors out")
    if settings.talos is None:
        clash = "would be mirrored on nodes that this program does not configure (cluster.existing)"
        yield Problem("harbor.nodeMirrors", hosts, clash, "leave nodeMirrors out and configure the nodes yourself")
    for host in settings.section(HarborSettings).node_mirrors:
        if settings.talos is not None and host in settings.talos.registry_mirrors:
            yield Problem(
                f"harbor.nodeMirrors.{host}",
                settings.section(HarborSettings).node_mirrors[host],
                f"clashes with talos.registryMirrors.{host}, another mirror of the same registry",
                "keep one of the two",
            )


ALL = (
    projects_have_members,
    members_may_log_in,
    retention_keeps_something,
    proxy_caches_have_a_registry,
    registries_are_others,
    robots_have_something_to_do,
    removed_content_is_gone,
    node_mirrors_are_public_proxy_caches,
    node_mirrors_have_nodes_and_a_registry,
    databases_of_the_scanner_are_reached,
)
