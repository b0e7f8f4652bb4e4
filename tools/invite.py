"""`make invite USER=jane STACK=home`: a link with which a person of the stack file chooses a password.

Unlike `ak create_recovery_key`, which logs whoever opens it in, the link leads through the recovery flow of the brand
(components/authentik/blueprints/recovery.py): password policy, second factor. It works once;
another link for the person ends it.
API: `_create_recovery_link` in authentik/core/api/users.py of goauthentik/authentik.
"""

import argparse
import ssl
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from lib.secret_state import outputs, plain, resources
from settings.model import Settings
from smoke.check import Failed
from smoke.client import Browser, Network, Route, by_name_or, straight_to, trusting
from stack_file.load import load_stack_file
from tools.operate import ROOT, OperateError, cli, stack_file
from tools.refusal import refusal
from tools.state import StateError, opened

_PROVIDER = "pulumi:providers:authentik"


class InviteError(Exception):
    """There is no link. The message says why, and what to do."""


def invited(settings: Settings, username: str) -> str:
    """The user name, when it is that of somebody who can log in; raises InviteError."""
    known = ", ".join(sorted(settings.identity.users))
    if not username:
        raise InviteError(f"whom? Say USER=<name>; in identity.users are {known}")
    if username not in settings.identity.users:
        raise InviteError(f"USER={username}: is not in identity.users, where there are {known}; add the person first")
    if settings.identity.users[username].active is False:
        raise InviteError(f"USER={username}: may not log in, for identity.users.{username}.active is false")
    return username


def api(state: Mapping[str, Any]) -> tuple[str, str]:
    """URL and token with which the program itself configures Authentik; raises InviteError before there is one."""
    for resource in resources(state):
        if resource["type"] == _PROVIDER and not resource.get("delete"):
            inputs = resource["inputs"]
            return str(plain(inputs["url"])).rstrip("/"), str(plain(inputs["token"]))
    raise InviteError("Authentik was never brought up; `make up` first")


def link(browser: Browser, url: str, token: str, username: str, hours: int) -> str:
    """The link that Authentik makes; its host is that of the request. Raises InviteError and Failed."""
    headers = {"Authorization": f"Bearer {token}"}
    found = browser.get(f"{url}/api/v3/core/users/?username={quote(username)}", headers)
    if found.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise InviteError(
            f"Authentik refuses the token of the state ({found.status}): somebody changed it; see "
            "docs/runbooks/lost-admin.md"
        )
    people = found.json()["results"]
    if not people:
        raise InviteError(f"USER={username}: Authentik does not know the person yet; `make up` first")
    wanted = {"token_duration": f"hours={hours}"}
    made = browser.post(f"{url}/api/v3/core/users/{people[0]['pk']}/recovery/", wanted, headers)
    return str(made.json()["link"])


def _network(options: argparse.Namespace, settings: Settings, state: Mapping[str, Any]) -> Network:
    trusted = trusting(str(plain(outputs(state)["trustedCertificates"])))
    trusted.load_default_certs(ssl.Purpose.SERVER_AUTH)  # identity.url may have any certificate
    ingress = str(settings.network.load_balancers.ingress)
    route: Route = straight_to(options.connect_to) if options.connect_to else by_name_or({}, ingress)
    return Network(trusted, route)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.invite", description=__doc__, allow_abbrev=False)
    parser.add_argument("--stack", default="", help="name of the stack, as in Pulumi.<stack>.yaml")
    parser.add_argument("--user", default="", help="user name of the person, as in identity.users")
    parser.add_argument("--hours", type=int, default=24, help="how long the link may be used (default: 24)")
    parser.add_argument("--connect-to", metavar="ADDRESS[:PORT]", help="where Authentik is reached, as for make smoke")
    return parser


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 0 when there is a link."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_stack_file(stack_file(root, options.stack))
        username = invited(settings, options.user)
        state = opened(cli(root), options.stack, root)
        url, token = api(state)
        browser = Browser(_network(options, settings, state))
        until = datetime.now(UTC) + timedelta(hours=options.hours)
        made = link(browser, url, token, username, options.hours)
    except (OperateError, StateError, InviteError, Failed, OSError, ValueError, LookupError) as error:
        print(refusal("invite", error), file=sys.stderr)
        return 1
    print(urlunsplit(urlsplit(made)._replace(scheme="https", netloc=settings.identity.host)))
    print(
        f"invite: for {username}, once, until {until:%Y-%m-%d %H:%M} UTC. It is not shown again; another link for "
        "the same person ends this one.",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
