"""Accounts in the services: how a login starts, and what is said of who came."""

from __future__ import annotations

from http import HTTPStatus

from smoke.authentik import Session
from smoke.check import Failed, Skipped
from smoke.client import host_of
from smoke.site import Site


def sent_on(url: str, session: Session) -> str:
    """Where a login that starts at `url` sends the browser."""
    page = session.browser.get(url)
    if not page.location:
        raise Failed(f"{url} answers {page.status} and leads nowhere")
    return page.location


def start_proxied(url: str, session: Session) -> str:
    """Where Traefik sends the browser, as Authentik told it."""
    page = session.browser.get(f"{url}/")
    if page.status == HTTPStatus.NOT_FOUND:
        raise Skipped(f"nothing serves {url}/ yet")
    if not page.location:
        raise Failed(f"{url}/ answers {page.status} without a login")
    return page.location


def proxied(url: str, site: Site, session: Session, back: str) -> str:
    """The application behind the login answers, and sends nobody back to it."""
    page = session.browser.follow(back)
    if host_of(page.url) != host_of(url) or page.status >= HTTPStatus.BAD_REQUEST:
        raise Failed(f"{session.person.username} ends at {page.url} with {page.status}")
    return f"{session.person.username} gets through"


def answers(site: Site, session: Session, back: str) -> str:
    """The service answers after the login; who it takes the person for is not asked."""
    page = session.browser.follow(back)
    if page.status >= HTTPStatus.BAD_REQUEST:
        raise Failed(f"{session.person.username} ends at {page.url} with {page.status}")
    return f"{session.person.username} gets in"


def the_account(site: Site, session: Session, name: str, administrator: bool, group: str) -> str:
    """The account is that person's, and an administrator's exactly when the stack file says so."""
    if name != session.person.username:
        raise Failed(f"{session.person.username} is {name} there")
    declared = group in site.groups(session.person)
    if administrator != declared:
        rights = "an administrator" if administrator else "no administrator"
        raise Failed(f"{name} is {rights} there, and {'is' if declared else 'is not'} in {group}")
    return f"{name}, {'administrator' if administrator else 'no administrator'}"


def whither(location: str) -> str:
    """In words, where a page leads."""
    return f"leads to {location} on {host_of(location)}" if location else "shows nobody"
