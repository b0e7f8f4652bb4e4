"""What a person meets: one login, an account in every service with the rights of the stack file, or a closed door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from lib import oidc
from lib.oidc import OidcApplication
from lib.vault.login import MOUNT, ROLE
from smoke.authentik import Session
from smoke.check import Check, Failed, Refused, Skipped
from smoke.checks import accounts, tokens
from smoke.client import query_of
from smoke.site import Site

APPEAR, FROM_GIT = "users appear by themselves", "users and permissions come from Git"
PERSON, OUTSIDER = "SMOKE_USER", "SMOKE_OUTSIDER"


@dataclass(frozen=True)
class Service:
    """A service that people log in to: where its login starts, and how it knows who came."""

    application: OidcApplication
    start: Callable[[Session], str]
    arrive: Callable[[Site, Session, str], str]
    look: str


def _services(site: Site) -> Iterator[Service]:
    settings = site.settings
    if settings.gitea.enabled:
        look = "Gitea's log; the login source: kubectl -n gitea logs deployment/gitea -c login-source"
        yield Service(oidc.gitea(settings), partial(accounts.start_gitea, site), accounts.gitea, look)
    if settings.harbor.enabled:
        look = "kubectl -n harbor logs deployment/harbor-core; CONFIG_OVERWRITE_JSON of the Secret oidc"
        yield Service(oidc.harbor(settings), partial(accounts.start_harbor, site), accounts.harbor, look)
    if settings.matrix.enabled:
        look = "the log of the Matrix authentication service; claims_imports of its provider"
        yield Service(oidc.matrix(settings), partial(accounts.start_matrix, site), accounts.matrix, look)
    if settings.vault.oidc:
        look = f"vault read auth/{MOUNT}/role/{ROLE}; Vault's audit log"
        yield Service(oidc.vault(settings), partial(tokens.start_vault, site), tokens.vault, look)
    public = next((one for one in oidc.applications(settings) if one.public), None)
    if public is not None:
        look = f"Authentik: provider {public.slug}, its grant types and its redirect URIs"
        client = tokens.PublicClient(public)
        yield Service(public, client.start, client.arrive, look)


def checks(site: Site) -> Iterator[Check]:
    """Those that need a person, and those that need one who is kept out."""
    for one in _services(site):
        name = f"{one.application.slug} lets a person in and knows them"
        yield Check(APPEAR, name, one.look, partial(_let_in, site, one))
    look = "the person in identity.users; Authentik: events of the login, blueprint users"
    yield Check(FROM_GIT, "a person has the groups of the stack file", look, partial(_groups, site))
    for one in _services(site):
        rule = f"Authentik: policy home-cluster-access-{one.application.slug}"
        name = f"{one.application.slug} keeps out who lacks its groups"
        yield Check(FROM_GIT, name, rule, partial(_kept_out, site, one))


def _groups(site: Site) -> str:
    if site.person is None:
        raise Skipped(f"set {PERSON} and its password to a person of identity.users")
    user = site.session(site.person).sign_in()
    if user["username"] != site.person.username:
        raise Failed(f"Authentik takes {site.person.username} for {user['username']}")
    found = {group["name"] for group in user["groups"]} & set(site.settings.identity.groups)
    wanted = site.groups(site.person)
    if found != wanted:
        raise Failed(
            f"{site.person.username} is in {_listed(found - wanted)} too, and not in {_listed(wanted - found)}"
        )
    return f"{site.person.username}: {_listed(found)}"


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "no group"


def _let_in(site: Site, service: Service) -> str:
    if site.person is not None and not site.groups(site.person) & set(service.application.groups):
        raise Skipped(f"{site.person.username} is in none of {', '.join(service.application.groups)}")
    session = site.signed_in(site.person, PERSON)
    back = session.authorize(service.start(session))
    _expect_code(service.application, back)
    found = service.arrive(site, session, back)
    return f"{found}, after being asked to agree" if session.consented else found


def _expect_code(application: OidcApplication, back: str) -> None:
    said = query_of(back)
    if "code" not in said:
        raise Failed(f"Authentik sends back no code but {said.get('error', 'nothing')}")
    if not any(back.startswith(f"{uri}?") for uri in application.redirect_uris):
        came = back.split("?", maxsplit=1)[0]
        raise Failed(f"the browser comes back to {came} and not to {application.redirect_uris[0]}")


def _kept_out(site: Site, service: Service) -> str:
    slug = service.application.slug
    if site.outsider is not None and site.groups(site.outsider) & set(service.application.groups):
        raise Skipped(f"{site.outsider.username} may use {slug}")
    session = site.signed_in(site.outsider, OUTSIDER)
    try:
        back = session.authorize(service.start(session))
    except Refused as reason:
        return str(reason)
    if "code" in query_of(back):
        raise Failed(f"Authentik lets {session.person.username} into {slug}, who is in none of its groups")
    return f"sent back with {query_of(back).get('error', 'no code')}"
