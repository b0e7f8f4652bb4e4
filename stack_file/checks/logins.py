"""Checks of what Authentik knows by a slug or a name: applications with and without a login, and tokens."""

from collections.abc import Iterator

from components.authentik.blueprints import paths
from register.logins import SLUGS
from settings.model import Settings
from settings.problem import Problem

_ENDPOINTS = frozenset(("authorize", "token", "device", "userinfo", "introspect", "revoke", "end-session"))
"""Words in the place of a slug in Authentik's URLs (authentik/providers/oauth2/urls.py)."""
_SLUG_LENGTH = 32
"""Names of Jobs become labels of their pods, which hold 63 characters."""


def slugs_are_free(settings: Settings) -> Iterator[Problem]:
    identity = settings.identity
    taken = {
        **dict.fromkeys(SLUGS, "an application of the platform itself"),
        **dict.fromkeys((paths.USERS, paths.ADMINISTRATOR, paths.OUTPOST), "a blueprint of the platform itself"),
        **dict.fromkeys(_ENDPOINTS, "an address of Authentik itself"),
        **{paths.token(name): f"the blueprint of identity.tokens.{name}" for name in identity.tokens},
    }
    for section, applications in (("applications", identity.applications), ("proxied", identity.proxied)):
        for slug, application in applications.items():
            key = f"identity.{section}.{slug}"
            if slug in taken:
                yield Problem(key, application.name, f"clashes with {taken[slug]}", "rename it")
            if section == "proxied" and slug in identity.applications:
                clash = f"is already identity.applications.{slug}"
                yield Problem(key, application.name, clash, "keep the one whose login the application has")
            if len(slug) > _SLUG_LENGTH:
                clash = f"has a slug of {len(slug)} characters, with which the names of its Jobs would be too long"
                yield Problem(key, application.name, clash, f"use at most {_SLUG_LENGTH}")


def proxied_hosts_are_their_own(settings: Settings) -> Iterator[Problem]:
    """Traefik serves the host, with a certificate and a name of this cluster."""
    owners = {host: key for key, host in settings.own_hosts.items()}
    owners |= {one.host: f"identity.applications.{slug}.host" for slug, one in settings.identity.applications.items()}
    domain = settings.cluster.domain
    for slug, application in settings.identity.proxied.items():
        key, host = f"identity.proxied.{slug}.host", application.host
        if not host.endswith(f".{domain}"):
            yield Problem(key, host, f"is outside cluster.domain {domain}", f"use {host.split('.')[0]}.{domain}")
        if host in owners:
            yield Problem(key, host, f"is already {owners[host]}", "give the application its own host")
        owners.setdefault(host, key)


def proxied_admit_declared_groups(settings: Settings) -> Iterator[Problem]:
    for slug, application in settings.identity.proxied.items():
        for group in application.groups:
            if group not in settings.identity.groups:
                key = f"identity.proxied.{slug}.groups"
                yield Problem(key, group, "is no group of identity.groups", "declare it there or correct the name")


def removed_are_not_proxied(settings: Settings) -> Iterator[Problem]:
    for slug in settings.identity.removed.applications:
        if slug in settings.identity.proxied:
            clash = "still stands in identity.proxied"
            yield Problem("identity.removed.applications", slug, clash, "delete it in one of the two places")


def tokens_belong_to_service_accounts(settings: Settings) -> Iterator[Problem]:
    for name, token in settings.identity.tokens.items():
        if len(name) > _SLUG_LENGTH:
            clash = f"has {len(name)} characters, with which the names of its Jobs would be too long"
            yield Problem(f"identity.tokens.{name}", name, clash, f"use at most {_SLUG_LENGTH}")
        if token.account in settings.identity.users:
            clash = "is a person, who makes tokens in Authentik's own pages"
            yield Problem(f"identity.tokens.{name}.account", token.account, clash, "name a service account")
        elif token.account not in settings.identity.service_accounts:
            clash = "is no account of identity.serviceAccounts"
            yield Problem(f"identity.tokens.{name}.account", token.account, clash, "declare it there or correct it")
