"""Checks of services, people and charts across sections."""

from collections.abc import Iterator

from register.services import SERVICES
from settings.model import Settings
from settings.problem import Problem

_AUTHENTIK_ADMINISTRATOR = "akadmin"
"""User that Authentik makes at its first start, with the bootstrap password."""


def hosts_are_in_the_domain(settings: Settings) -> Iterator[Problem]:
    domain = settings.cluster.domain
    owners: dict[str, str] = {}
    for path, host in settings.own_hosts.items():
        # A name that was left out follows the service's host, of which it is told.
        if not host.endswith(f".{domain}") and path not in settings.derived_hosts:
            label = path.removesuffix(".host").rpartition(".")[2] if host == domain else host.split(".")[0]
            clash = "is cluster.domain itself" if host == domain else f"is outside cluster.domain {domain}"
            yield Problem(path, host, clash, f"use a name below it, such as {label}.{domain}")
        if host in owners:
            yield Problem(path, host, f"is already {owners[host]}", "give each service its own host")
        owners.setdefault(host, path)


def _named_groups(settings: Settings) -> Iterator[tuple[str, str]]:
    yield "vault.userGroup", settings.vault.user_group
    yield "vault.adminGroup", settings.vault.admin_group
    for name, section in settings.services.items():
        yield from ((f"{name}.{key}", group) for key, group in section.groups.items())
    for username, user in settings.identity.users.items():
        for group in user.groups:
            yield f"identity.users.{username}.groups", group


def groups_are_declared(settings: Settings) -> Iterator[Problem]:
    declared = settings.identity.groups
    for key, group in _named_groups(settings):
        if group not in declared:
            yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")


def users_are_distinct(settings: Settings) -> Iterator[Problem]:
    # Services link a login to the account with its address: a person with one of these would become an administrator.
    owners = {settings.identity.admin_email.lower(): "identity.adminEmail"}
    for name, section in settings.enabled_services.items():
        owners |= {email.lower(): f"{name}.{key}" for key, email in section.emails.items()}
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
    for username, user in settings.identity.users.items():
        for service in SERVICES:
            section, refusal = settings.section(service.section), service.user_names.refusal(username)
            if refusal is not None and section.enabled and set(section.login_groups).intersection(user.groups):
                groups = " and ".join(section.login_groups)
                fix = f"give the person another name, or take the person out of {groups}"
                clash = f"cannot log in to {service.application(settings).name}: it {refusal}"
                yield Problem(f"identity.users.{username}", username, clash, fix)
