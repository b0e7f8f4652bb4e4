"""The login of each service that keeps accounts: how it starts, and what the service says of who came.

Gitea's API knows no browser session, so its pages are read: the user name in the settings, the dashboard that only
administrators see (templates/user/settings/profile.tmpl and `adminReq` in routers/web/web.go). Harbor says both in
/api/v2.0/users/current (UserResp in api/v2.0/swagger.yaml), the Matrix authentication service the name in `viewer` of
its GraphQL API, which its own account page asks (frontend/schema.graphql).
"""

from __future__ import annotations

import re
from http import HTTPStatus

from declarations import login_checks
from smoke.authentik import Session
from smoke.check import Failed, Skipped
from smoke.client import host_of
from smoke.site import Site

_USERNAME = re.compile(r'<input[^>]*\bid="username"[^>]*\bvalue="([^"]*)"')


def _sent_on(session: Session, url: str) -> str:
    page = session.browser.get(url)
    if not page.location:
        raise Failed(f"{url} answers {page.status} and leads nowhere")
    return page.location


def start_gitea(site: Site, session: Session) -> str:
    """Where Gitea sends the browser."""
    return _sent_on(session, login_checks.gitea_login(site.settings.gitea.host))


def start_harbor(site: Site, session: Session) -> str:
    """Where Harbor sends the browser."""
    return _sent_on(session, login_checks.harbor_login(site.settings.harbor.host))


def start_matrix(site: Site, session: Session) -> str:
    """Where the authentication service sends the browser."""
    return _sent_on(session, login_checks.matrix_login(site.settings.matrix.account_host))


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


def gitea(site: Site, session: Session, back: str) -> str:
    """The account in Gitea, and whether it is an administrator's exactly when the stack file says so."""
    base, browser = f"https://{site.settings.gitea.host}", session.browser
    browser.follow(back)
    settings = browser.get(f"{base}/user/settings")
    name = _USERNAME.search(settings.text)
    if name is None:
        raise Failed(f"there is no account after the login: {base}/user/settings {_whither(settings.location)}")
    administrator = browser.get(f"{base}/-/admin").status == HTTPStatus.OK
    return _account(site, session, name[1], administrator, site.settings.gitea.admin_group)


def harbor(site: Site, session: Session, back: str) -> str:
    """The account in Harbor, and whether it is a system administrator's exactly when the stack file says so."""
    base = f"https://{site.settings.harbor.host}"
    page = session.browser.follow(back)
    if "/oidc-onboard" in page.url:
        raise Failed("Harbor asks the person for a user name: oidc_auto_onboard is not in force")
    user = session.browser.get(f"{base}/api/v2.0/users/current").json()
    # Only the session of the login knows of the admin group; the flag is for who was made one by hand.
    administrator = bool(user["sysadmin_flag"] or user.get("admin_role_in_auth"))
    return _account(site, session, user["username"], administrator, site.settings.harbor.admin_group)


def matrix(site: Site, session: Session, back: str) -> str:
    """The account of Matrix, whose id has the person's name and the domain of the stack file."""
    settings = site.settings.matrix
    session.browser.follow(back)
    query = "query { viewer { __typename ... on User { username matrix { mxid } } } }"
    viewer = session.browser.post(f"https://{settings.account_host}/graphql", {"query": query}).json()["data"]["viewer"]
    wanted = f"@{session.person.username}:{settings.server_name}"
    if viewer["__typename"] != "User":
        raise Failed("nobody is logged in after the login: a question is left, or the account could not be made")
    if viewer["matrix"]["mxid"] != wanted:
        raise Failed(f"the person is {viewer['matrix']['mxid']} and not {wanted}")
    return wanted


def _account(site: Site, session: Session, name: str, administrator: bool, group: str) -> str:
    if name != session.person.username:
        raise Failed(f"{session.person.username} is {name} there")
    declared = group in site.groups(session.person)
    if administrator != declared:
        rights = "an administrator" if administrator else "no administrator"
        raise Failed(f"{name} is {rights} there, and {'is' if declared else 'is not'} in {group}")
    return f"{name}, {'administrator' if administrator else 'no administrator'}"


def _whither(location: str) -> str:
    return f"leads to {location} on {host_of(location)}" if location else "shows nobody"
