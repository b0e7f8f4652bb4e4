"""What `make smoke` asks of Gitea: git over SSH, and the account that a login leads to.

Gitea's API knows no browser session, so its pages are read: the user name in the settings, and the dashboard that only
administrators see (templates/user/settings/profile.tmpl and `adminReq` in routers/web/web.go).
"""

import re
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus

from components.gitea import login
from components.gitea.settings import GiteaSettings
from scripts import ssh_banner
from smoke.authentik import Session
from smoke.check import HOSTS, Check, Failed, asked
from smoke.checks.accounts import the_account, whither
from smoke.client import SSH_PORT
from smoke.site import Site

_USERNAME = re.compile(r'<input[^>]*\bid="username"[^>]*\bvalue="([^"]*)"')


def doors(site: Site) -> Iterator[Check]:
    """Git over SSH."""
    name = site.settings.section(GiteaSettings).ssh_name
    look = f"the address of {name} in your DNS; kubectl -n gitea get svc gitea-ssh"
    yield Check(HOSTS, f"{name} answers git over SSH", look, partial(_ssh, site))


def _ssh(site: Site) -> str:
    own = site.settings.section(GiteaSettings)
    address = site.network.route(own.ssh_name, SSH_PORT)
    problem = ssh_banner.problem(login.ssh(own), address)
    return asked(problem and f"{problem}, asked at {address[0]}:{address[1]}", f"an SSH server at {address[0]}")


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
