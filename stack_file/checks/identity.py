"""Checks of applications, removals and the second factor across the stack file."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from components.authentik.blueprints.administrator import USERNAME as ADMINISTRATOR
from lib.compatibility import release
from lib.names import SystemNamespace
from register.logins import SLUGS
from settings.identity import Application
from settings.model import Settings
from settings.problem import Problem

_PATTERN_CHARACTERS = frozenset("*?[](){}|^$\\+")
_AUTHENTICATION_SINCE, _ARGUMENT_DENIED_SINCE = (1, 34), (1, 14)
"""Kubernetes with `apiserver.config.k8s.io/v1`; Talos without `authentication-config` as an argument."""
_LOOPBACK = frozenset(("localhost", "127.0.0.1"))


def applications_redirect_to_themselves(settings: Settings) -> Iterator[Problem]:
    for slug, application in settings.identity.applications.items():
        for position, uri in enumerate(application.redirect_uris):
            found = _redirect_problem(application, uri)
            if found is not None:
                yield Problem(f"identity.applications.{slug}.redirectUris[{position}]", uri, *found)


def _redirect_problem(application: Application, uri: str) -> tuple[str, str] | None:
    """What it clashes with and the fix (RFC 9700 section 2.1, RFC 8252 section 7.3)."""
    parts = urlsplit(uri)
    patterns = sorted(_PATTERN_CHARACTERS.intersection(uri))
    if patterns:
        return f"is a pattern ({' '.join(patterns)}), which would match more than one address", "write each in full"
    if application.client == "public" and parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return None
    if parts.scheme != "https":
        return "is not https, so the code of a login could be read on its way", "begin it with https://"
    if parts.fragment:
        return "has a fragment, which no server ever sees", "leave out what begins with #"
    return _place_problem(application, parts.netloc)


def _place_problem(application: Application, place: str) -> tuple[str, str] | None:
    # Authentik compares to the letter, and programs differ in whether they write out 443.
    if place in (application.authority, f"{application.host}:{application.port}"):
        return None
    if place.partition(":")[0] == application.host:
        return f"is not on the application's port {application.port}", "make `port` and this one the same"
    return f"is not on the application's host {application.host}", "send people back to that host"


def applications_admit_declared_groups(settings: Settings) -> Iterator[Problem]:
    declared = settings.identity.groups
    named = [
        (f"identity.applications.{slug}.groups", group)
        for slug, application in settings.identity.applications.items()
        for group in application.groups
    ]
    named += [
        (f"identity.serviceAccounts.{username}.groups", group)
        for username, account in settings.identity.service_accounts.items()
        for group in account.groups
    ]
    named += [("identity.secondFactor.groups", group) for group in settings.identity.second_factor.groups]
    named += [("talos.clusterRoles", group) for group in (settings.talos.cluster_roles if settings.talos else ())]
    for key, group in named:
        if group not in declared:
            yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")


def service_accounts_are_no_people(settings: Settings) -> Iterator[Problem]:
    for username, account in settings.identity.service_accounts.items():
        key = f"identity.serviceAccounts.{username}"
        if username in settings.identity.users:
            yield Problem(key, account.name, f"is already identity.users.{username}", "rename the service account")
        if username == ADMINISTRATOR:
            yield Problem(key, account.name, "is Authentik's break-glass administrator", "rename the service account")


def application_hosts_are_their_own(settings: Settings) -> Iterator[Problem]:
    owners = {host: key for key, host in settings.own_hosts.items()}
    for slug, application in settings.identity.applications.items():
        if application.host in owners:
            yield Problem(
                f"identity.applications.{slug}.host",
                application.host,
                f"is already {owners[application.host]}",
                "give the application its own host",
            )


def issuers_are_those_of_authentik(settings: Settings) -> Iterator[Problem]:
    for slug, application in settings.identity.applications.items():
        issuer = f"https://{settings.identity.host}/application/o/{slug}/"
        if application.issuer not in (None, issuer):
            yield Problem(
                f"identity.applications.{slug}.issuer",
                application.issuer,
                f"is not the issuer on identity.host {settings.identity.host}",
                f"use {issuer} to the letter, or leave it out",
            )


def application_namespaces_are_their_own(settings: Settings) -> Iterator[Problem]:
    taken = {*SystemNamespace, "default", "kube-public", "kube-node-lease"}
    taken -= set() if settings.monitoring.enabled else {SystemNamespace.MONITORING}
    for slug, application in settings.identity.applications.items():
        key = f"identity.applications.{slug}.namespaces"
        for namespace in dict.fromkeys(application.namespaces):
            if namespace in taken:
                yield Problem(key, namespace, "belongs to the platform or to Kubernetes", "use another namespace")
        if application.client == "public" and application.namespaces:
            yield Problem(
                key,
                ", ".join(application.namespaces),
                "would get credentials that a public client has not",
                "leave namespaces out, or make the client confidential",
            )


def removed_are_gone(settings: Settings) -> Iterator[Problem]:
    identity, removed = settings.identity, settings.identity.removed
    lists = (
        ("users", removed.users, identity.users),
        ("serviceAccounts", removed.service_accounts, identity.service_accounts),
        ("groups", removed.groups, identity.groups),
        ("applications", removed.applications, (*identity.applications, *SLUGS)),
        ("tokens", removed.tokens, identity.tokens),
    )
    yield from _accounts_that_stay(settings)
    for name, gone, kept in lists:
        for one in gone:
            if one in kept and one in SLUGS and name == "applications":
                yield Problem(
                    f"identity.removed.{name}", one, "is an application of the platform itself", "switch it off instead"
                )
            elif one in kept:
                yield Problem(
                    f"identity.removed.{name}",
                    one,
                    f"still stands in identity.{name}",
                    "delete it in one of the two places",
                )


def _accounts_that_stay(settings: Settings) -> Iterator[Problem]:
    """Authentik knows people and service accounts by one kind of name."""
    identity, removed = settings.identity, settings.identity.removed
    crossed = (
        ("users", removed.users, "serviceAccounts", identity.service_accounts),
        ("serviceAccounts", removed.service_accounts, "users", identity.users),
    )
    for name, gone, other, kept in crossed:
        for one in gone:
            key = f"identity.removed.{name}"
            if one in kept:
                yield Problem(key, one, f"still stands in identity.{other}", "delete it in one of the two places")
            if one == ADMINISTRATOR:
                yield Problem(key, one, "is Authentik's break-glass administrator", "leave the line out")


def cluster_roles_fit_the_releases(settings: Settings) -> Iterator[Problem]:
    """Of Kubernetes, which must know the format of the file; and of Talos, which must pass it on."""
    talos = settings.talos
    if talos is None or not talos.cluster_roles:
        return
    roles = ", ".join(talos.cluster_roles)
    if release(talos.kubernetes_version)[:2] < _AUTHENTICATION_SINCE:
        clash = f"need Kubernetes 1.34 and talos.kubernetesVersion is {talos.kubernetes_version}"
        yield Problem("talos.clusterRoles", roles, clash, "upgrade Kubernetes first")
    if release(talos.version)[:2] >= _ARGUMENT_DENIED_SINCE:
        clash = (
            f"need an argument of the API server that Talos denies from 1.14 on, and talos.version is {talos.version}"
        )
        yield Problem("talos.clusterRoles", roles, clash, "stay on Talos 1.13, or leave clusterRoles out")
