"""Checks of services, people and charts across sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.gitea import settings as gitea
from components.harbor import settings as harbor
from components.matrix import settings as matrix
from settings.problem import Problem

if TYPE_CHECKING:
    from settings.model import Settings

_AUTHENTIK_ADMINISTRATOR = "akadmin"
"""User that Authentik makes at its first start, with the bootstrap password."""


def hosts_are_in_the_domain(settings: Settings) -> Iterator[Problem]:
    domain = settings.cluster.domain
    owners: dict[str, str] = {}
    for path, host in settings.own_hosts.items():
        follows = path == "gitea.sshHost" and settings.gitea.ssh_host is None  # gitea.host, of which it is told
        if not host.endswith(f".{domain}") and not follows:
            label = path.removesuffix(".host").rpartition(".")[2] if host == domain else host.split(".")[0]
            clash = "is cluster.domain itself" if host == domain else f"is outside cluster.domain {domain}"
            yield Problem(path, host, clash, f"use a name below it, such as {label}.{domain}")
        if host in owners:
            yield Problem(path, host, f"is already {owners[host]}", "give each service its own host")
        owners.setdefault(host, path)


def _named_groups(settings: Settings) -> Iterator[tuple[str, str]]:
    for section in ("vault", "gitea", "harbor", "matrix"):
        service = getattr(settings, section)
        yield f"{section}.userGroup", service.user_group
        if getattr(service, "admin_group", None) is not None:
            yield f"{section}.adminGroup", service.admin_group
    for username, user in settings.identity.users.items():
        for group in user.groups:
            yield f"identity.users.{username}.groups", group


def groups_are_declared(settings: Settings) -> Iterator[Problem]:
    declared = settings.identity.groups
    for key, group in _named_groups(settings):
        if group not in declared:
            yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")


def administrators_may_log_in(settings: Settings) -> Iterator[Problem]:
    gitea = settings.gitea
    for username, user in settings.identity.users.items():
        if gitea.admin_group in user.groups and gitea.user_group not in user.groups:
            yield Problem(
                f"identity.users.{username}.groups",
                gitea.admin_group,
                f"gives no login to Gitea without gitea.userGroup {gitea.user_group}",
                f"add {gitea.user_group}",
            )


def users_are_distinct(settings: Settings) -> Iterator[Problem]:
    # Services link a login to the account with its address: a person with one of these would become an administrator.
    owners = {settings.identity.admin_email.lower(): "identity.adminEmail"}
    if settings.gitea.enabled:
        owners[settings.gitea.admin_email.lower()] = "gitea.adminEmail"
    for username, user in settings.identity.users.items():
        if username == _AUTHENTIK_ADMINISTRATOR:
            yield Problem(
                f"identity.users.{username}", user.name, "is Authentik's break-glass administrator", "rename the user"
            )
        email = user.email.lower()
        if email in owners:
            yield Problem(
                f"identity.users.{username}.email",
                user.email,
                f"is already the address of {owners[email]}",
                "give each person an own address, since services link accounts by it",
            )
        owners.setdefault(email, username)


def services_take_the_names_of_their_people(settings: Settings) -> Iterator[Problem]:
    """Otherwise the account fails to come into being at the first login, which only that person sees."""
    services = (
        ("Gitea", settings.gitea, gitea.USER_NAMES),
        ("Harbor", settings.harbor, harbor.USER_NAMES),
        ("Matrix", settings.matrix, matrix.USER_NAMES),
    )
    for username, user in settings.identity.users.items():
        for name, service, names in services:
            refusal = names.refusal(username)
            if refusal is not None and service.enabled and set(service.login_groups).intersection(user.groups):
                groups = " and ".join(service.login_groups)
                fix = f"give the person another name, or take the person out of {groups}"
                yield Problem(f"identity.users.{username}", username, f"cannot log in to {name}: it {refusal}", fix)
