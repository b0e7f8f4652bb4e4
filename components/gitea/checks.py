"""Checks of Gitea across the stack file."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from components.gitea import repository
from components.gitea.names import ADMINISTRATOR
from components.gitea.settings import OWNERS, UNITS, USER_NAMES, GiteaSettings
from settings.model import Settings
from settings.problem import Problem

_RESERVED_TEAMS = {
    "new": "is an address of Gitea itself",
    OWNERS: "is the team that every organisation has",
}
# reservedRepoNamePatterns in models/repo/repo.go.
_RESERVED_ENDINGS = (".git", ".wiki", ".rss", ".atom")


def organisation_names_are_free(settings: Settings) -> Iterator[Problem]:
    """Organisations and people share their names."""
    for name, organisation in settings.section(GiteaSettings).organisations.items():
        key = f"gitea.organisations.{name}"
        if USER_NAMES.refusal(name) is not None and name != ADMINISTRATOR:
            yield Problem(key, name, "is a name that Gitea keeps for itself", "rename it")
        if name in settings.identity.users:
            yield Problem(key, name, f"is already the user identity.users.{name}", "rename the organisation")
        if name == ADMINISTRATOR:
            yield Problem(key, name, "is Gitea's break-glass administrator", "rename the organisation")
        for team in organisation.teams:
            if team in _RESERVED_TEAMS:
                fix = f"name the groups in {key}.owners" if team == OWNERS else "rename it"
                yield Problem(f"{key}.teams.{team}", team, _RESERVED_TEAMS[team], fix)


def administrators_of_teams_have_every_unit(settings: Settings) -> Iterator[Problem]:
    for name, organisation in settings.section(GiteaSettings).organisations.items():
        for team_name, team in organisation.teams.items():
            if team.permission == "admin" and set(team.units) != set(UNITS):
                yield Problem(
                    f"gitea.organisations.{name}.teams.{team_name}.units",
                    ", ".join(team.units),
                    "would not hold, since the permission admin means every unit",
                    "leave units out, or use write",
                )


def organisations_admit_declared_groups(settings: Settings) -> Iterator[Problem]:
    for key, group in _named_groups(settings):
        if group not in settings.identity.groups:
            yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")


def members_of_teams_may_log_in(settings: Settings) -> Iterator[Problem]:
    """Somebody who cannot log in is in no team, whatever the groups say."""
    gitea = settings.section(GiteaSettings)
    if not gitea.enabled:
        return
    teams = dict((group, key) for key, group in reversed(tuple(_named_groups(settings))))
    for username, user in settings.identity.users.items():
        for group in user.groups:
            # Of administrators administrators_may_log_in tells already.
            if group in teams and group != gitea.admin_group and gitea.user_group not in user.groups:
                yield Problem(
                    f"identity.users.{username}.groups",
                    group,
                    f"stands in {teams[group]}, and without gitea.userGroup {gitea.user_group} there is no login",
                    f"add {gitea.user_group}",
                )


def removed_organisations_are_gone(settings: Settings) -> Iterator[Problem]:
    for name in settings.section(GiteaSettings).removed.organisations:
        if name in settings.section(GiteaSettings).organisations:
            yield Problem(
                "gitea.removed.organisations",
                name,
                "still stands in gitea.organisations",
                "delete it in one of the two places",
            )


def nothing_needs_a_gitea_that_is_off(settings: Settings) -> Iterator[Problem]:
    gitea = settings.section(GiteaSettings)
    if gitea.enabled:
        return
    off = "needs Gitea, which gitea.enabled switches off"
    for name in gitea.organisations:
        yield Problem("gitea.organisations", name, off, "switch Gitea on, or leave the organisation out")
    for name in gitea.removed.organisations:
        yield Problem("gitea.removed.organisations", name, off, "switch Gitea on, or leave the line out")
    if gitea.actions.enabled:
        yield Problem("gitea.actions.enabled", "true", off, "switch Gitea on, or the runners off")
    url, own = repository.url(settings) or "", repository.source(settings)
    if urlsplit(url).hostname == gitea.host:
        key, value = ("gitops.sync.url", url) if own is None else ("gitops.sync.gitea", own.repository)
        yield Problem(key, value, off, "switch Gitea on, or Flux off, or name another repository")


def flux_has_a_repository_that_can_be_made(settings: Settings) -> Iterator[Problem]:
    own, sync = repository.source(settings), settings.gitops.sync
    gitea = settings.section(GiteaSettings)
    if own is None or sync is None or not gitea.enabled:
        return
    key = "gitops.sync.gitea"
    if own.organisation not in gitea.organisations:
        clash, fix = "is no organisation of gitea.organisations", "declare it there or correct the name"
        yield Problem(f"{key}.organisation", own.organisation, clash, fix)
    if own.repository.endswith(_RESERVED_ENDINGS):
        clash = f"ends as Gitea's own addresses do, in one of {', '.join(_RESERVED_ENDINGS)}"
        yield Problem(f"{key}.repository", own.repository, clash, "leave the ending out")
    if not sync.ref.startswith(repository.BRANCHES):
        clash = f"is no branch, and the first commit of {key} makes one"
        yield Problem("gitops.sync.ref", sync.ref, clash, f"write {repository.BRANCHES}main")


def _named_groups(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, organisation in settings.section(GiteaSettings).organisations.items():
        for below, group in organisation.groups:
            yield f"gitea.organisations.{name}.{below}", group


def administrators_may_log_in(settings: Settings) -> Iterator[Problem]:
    gitea = settings.section(GiteaSettings)
    for username, user in settings.identity.users.items():
        if gitea.admin_group in user.groups and gitea.user_group not in user.groups:
            yield Problem(
                f"identity.users.{username}.groups",
                gitea.admin_group,
                f"gives no login to Gitea without gitea.userGroup {gitea.user_group}",
                f"add {gitea.user_group}",
            )


ALL = (
    administrators_may_log_in,
    organisation_names_are_free,
    administrators_of_teams_have_every_unit,
    organisations_admit_declared_groups,
    members_of_teams_may_log_in,
    removed_organisations_are_gone,
    nothing_needs_a_gitea_that_is_off,
    flux_has_a_repository_that_can_be_made,
)
