"""What a person meets: one login, an account in every service with the rights of the stack file, or a closed door."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name

from components.authentik.blueprints.guessing import THRESHOLD
from components.kubernetes import login as kubernetes_login
from components.vault import login as vault_login
from components.vault.login import MOUNT, ROLE
from declarations.forward_auth import PREFIX, proxied_applications
from declarations.oidc import OidcApplication
from register import logins
from register.services import SERVICES
from smoke.authentik import Person, Session
from smoke.check import Check, Failed, Refused, Skipped
from smoke.checks import accounts, tokens
from smoke.client import host_of, query_of
from smoke.site import Site

APPEAR, FROM_GIT = "users appear by themselves", "users and permissions come from Git"
PERSON, OUTSIDER = "SMOKE_USER", "SMOKE_OUTSIDER"

Start = Callable[[Session], str]
Arrive = Callable[[Site, Session, str], str]


@dataclass(frozen=True)
class LoginDoor:
    """A service that people log in to.

    Attributes:
        groups: Members of one of these are let in.
        returns: Where Authentik may send people back to.
        start: Where the login begins; returns the address at Authentik.
        arrive: What happens with the code; returns who the service takes the person for.
    """

    slug: str
    groups: tuple[str, ...]
    returns: tuple[str, ...]
    start: Start
    arrive: Arrive
    look: str


def _client(application: OidcApplication, start: Start, arrive: Arrive, look: str) -> LoginDoor:
    return LoginDoor(application.slug, application.groups, application.redirect_uris, start, arrive, look)


def _services(site: Site) -> Iterator[LoginDoor]:
    settings = site.settings
    for service in SERVICES:
        if service.enabled(settings):
            smoke, start = service.smoke, partial(accounts.sent_on, service.smoke.login(settings))
            arrive = resolve_name(smoke.account) if smoke.account else accounts.answers
            yield _client(service.application(settings), start, arrive, smoke.look)
    if settings.vault.oidc:
        look = f"vault read auth/{MOUNT}/role/{ROLE}; Vault's audit log"
        yield _client(vault_login.application(settings), partial(tokens.start_vault, site), tokens.vault, look)
    for one in (found for found in logins.applications(settings) if found.public):
        client, look = tokens.PublicClient(one), f"Authentik: provider {one.slug}, its grant types and redirect URIs"
        yield _client(one, client.start, client.arrive, look)
    for behind in proxied_applications(settings):
        look, back = f"Authentik: provider {behind.slug} and its outpost", f"{behind.url}{PREFIX}callback"
        start, arrive = partial(accounts.start_proxied, behind.url), partial(accounts.proxied, behind.url)
        yield LoginDoor(behind.slug, behind.groups, (back,), start, arrive, look)


def checks(site: Site) -> Iterator[Check]:
    """Those that need a person, and those that need one who is kept out."""
    for one in _services(site):
        name = f"{one.slug} lets a person in and knows them"
        yield Check(APPEAR, name, one.look, partial(_let_in, site, one))
    yield groups(site)
    look = "the Job authentik-settings-set; Authentik: System → Settings → Avatars"
    yield Check(FROM_GIT, "no picture comes from a third party", look, partial(_picture, site))
    look = "Authentik: policy home-cluster-guessing, bound to default-authentication-flow"
    yield Check(FROM_GIT, "a guesser of passwords is stopped", look, partial(_guesser, site))
    if any(one.slug == "kubernetes" for one in logins.applications(site.settings)):
        look = "the API server's log on a control plane (talosctl logs); talos.clusterRoles"
        yield Check(FROM_GIT, "the Kubernetes API knows a person by their token", look, partial(_known_to_api, site))
    for one in _services(site):
        rule = f"Authentik: policy home-cluster-access-{one.slug}"
        name = f"{one.slug} keeps out who lacks its groups"
        yield Check(FROM_GIT, name, rule, partial(_kept_out, site, one))


def groups(site: Site) -> Check:
    """Whether Authentik says of the person what the stack file says."""
    look = "the person in identity.users; Authentik: events of the login, blueprint users"
    return Check(FROM_GIT, "a person has the groups of the stack file", look, partial(_groups, site))


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


def _picture(site: Site) -> str:
    session = site.signed_in(site.person, PERSON)
    own = site.settings.identity.host
    picture: str = session.browser.get(f"https://{own}/api/v3/core/users/me/").json()["user"]["avatar"]
    if "://" in picture and host_of(picture) != own:
        raise Failed(f"the picture of {session.person.username} is fetched from {host_of(picture)}")
    return "made by Authentik itself"


def _guesser(site: Site) -> str:
    """With a name that nobody has, so that nobody is locked out; Authentik treats it as any other."""
    nobody = Person(f"smoke-{secrets.token_hex(4)}", "a guess")
    for _ in range(-THRESHOLD + 1):
        try:
            site.session(nobody).sign_in()
        except Refused as reason:
            return str(reason)
        except Failed:
            continue
    raise Failed(f"after {-THRESHOLD} wrong passwords another one is asked for")


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "no group"


def _known_to_api(site: Site) -> str:
    groups = kubernetes_login.application(site.settings).groups
    if site.person is not None and not site.groups(site.person) & set(groups):
        raise Skipped(f"{site.person.username} is in none of {', '.join(groups)}")
    return tokens.api_server(site, site.signed_in(site.person, PERSON))


def _let_in(site: Site, service: LoginDoor) -> str:
    if site.person is not None and not site.groups(site.person) & set(service.groups):
        raise Skipped(f"{site.person.username} is in none of {', '.join(service.groups)}")
    session = site.signed_in(site.person, PERSON)
    back = session.authorize(service.start(session))
    _expect_code(service, back)
    found = service.arrive(site, session, back)
    return f"{found}, after being asked to agree" if session.consented else found


def _expect_code(service: LoginDoor, back: str) -> None:
    said = query_of(back)
    if "code" not in said:
        raise Failed(f"Authentik sends back no code but {said.get('error', 'nothing')}")
    if not any(back.startswith(f"{uri}?") for uri in service.returns):
        came = back.split("?", maxsplit=1)[0]
        raise Failed(f"the browser comes back to {came} and not to {service.returns[0]}")


def _kept_out(site: Site, service: LoginDoor) -> str:
    slug = service.slug
    if site.outsider is not None and site.groups(site.outsider) & set(service.groups):
        raise Skipped(f"{site.outsider.username} may use {slug}")
    session = site.signed_in(site.outsider, OUTSIDER)
    try:
        back = session.authorize(service.start(session))
    except Refused as reason:
        return str(reason)
    if "code" in query_of(back):
        raise Failed(f"Authentik lets {session.person.username} into {slug}, who is in none of its groups")
    return f"sent back with {query_of(back).get('error', 'no code')}"
