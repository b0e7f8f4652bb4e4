"""Every login of the platform, over all services."""

from collections.abc import Iterator, Sequence

from components.kubernetes import login as kubernetes
from components.vault import login as vault
from declarations.login_checks import LoginCheck
from declarations.oidc import OidcApplication, declared_applications
from register.services import SERVICES
from settings.model import Settings

_PLATFORM = (*((service.slug, service.application) for service in SERVICES), ("kubernetes", kubernetes.application))
SLUGS = tuple(sorted((*(slug for slug, _ in _PLATFORM), "vault")))
"""Slugs in Authentik of the applications that this program declares itself, whether they are switched on or not."""


def service_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application but Vault's, which joins only in phase 3."""
    found = [service.application(settings) for service in SERVICES if service.enabled(settings)]
    if settings.talos is not None and settings.talos.cluster_roles:
        found.append(kubernetes.application(settings))
    return (*found, *declared_applications(settings))


def applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application."""
    return (*service_applications(settings), *([vault.application(settings)] if settings.vault.oidc else []))


def possible_applications(settings: Settings) -> tuple[OidcApplication, ...]:
    """Every application and those of the platform that are switched off: what Authentik makes room for, so that
    switching one on or off does not restart it.
    """
    declared = {**dict(_PLATFORM), "vault": vault.application}
    return (*(declared[slug](settings) for slug in SLUGS), *declared_applications(settings))


def retired_applications(settings: Settings) -> tuple[str, ...]:
    """Slugs of the platform's own applications that are switched off; Authentik forgets them."""
    declared = {application.slug for application in applications(settings)}
    return tuple(slug for slug in SLUGS if slug not in declared)


def checks(settings: Settings) -> Iterator[tuple[str, Sequence[LoginCheck]]]:
    """What proves that every service that is switched on offers the login, by its slug."""
    for service in SERVICES:
        if service.enabled(settings):
            yield service.slug, service.login_checks(settings)
