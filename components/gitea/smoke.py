"""The account that a login to Gitea leads to.

Gitea's API knows no browser session, so its pages are read: the user name in the settings, and the dashboard that only
administrators see (templates/user/settings/profile.tmpl and `adminReq` in routers/web/web.go).
"""

import re
from http import HTTPStatus

from components.gitea.settings import GiteaSettings
from smoke.authentik import Session
from smoke.check import Failed
from smoke.checks.accounts import the_account, whither
from smoke.site import Site

_USERNAME = re.compile(r'<input[^>]*\bid="username"[^>]*\bvalue="([^"]*)"')


def account(site: Site, session: Session, back: str) -> str:
    """The account in Gitea, and whether it is an administrator's exactly when the stack file says so."""
    base, browser = f"https://{site.settings.section(GiteaSettings).host}", session.browser
    browser.follow(back)
    settings = browser.get(f"{base}/user/settings")
    name = _USERNAME.search(settings.text)
    if name is None:
        raise Failed(f"there is no account after the login: {base}/user/settings {whither(settings.location)}")
    administrator = browser.get(f"{base}/-/admin").status == HTTPStatus.OK
    return the_account(site, session, name[1], administrator, site.settings.section(GiteaSettings).admin_group)
