"""Gate of a service: it answers on its public host and offers the login through Authentik.

A page that names the login proves only configuration. Where a service redirects to the login, the redirect is asked
for too: to give it, the service must have resolved Authentik's name, trusted its certificate and read its discovery
document. Then the service has to show that Authentik takes its client secret (scripts/code_exchange.py).

Environment: CHECKS (JSON list; each has `url`, which may be that of an SSH server, else one of `body` and `location`, a
regular expression that the answer's body, or the `Location` of its redirect, must contain), SSL_CERT_FILE, SECONDS
(float, how long to try).
"""

import http.client
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from scripts import code_exchange, gate, ssh_banner


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: where they lead is the question."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


def problem(opener: urllib.request.OpenerDirector, check: Mapping[str, Any]) -> str:
    """Empty when the answer is as it should be, otherwise what it is instead; `opener` follows no redirect and keeps
    cookies, by which a service knows who comes back from the login.
    """
    url: str = check["url"]
    if url.startswith("ssh:"):
        return ssh_banner.problem(url)
    try:
        status, headers, body = _answer(opener, url)
        if "location" not in check:
            right = status < http.client.BAD_REQUEST and re.search(check["body"], body)
            return "" if right else f"{url}: answered {status} without {check['body']}"
        location = headers.get("Location") or ""
        if not re.search(check["location"], location):
            return f"{url}: answered {status} and leads to {location or 'nowhere'}, not to {check['location']}"
        back = code_exchange.callback(location)
        status, headers, body = _answer(opener, back)
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: not reached ({error})"
    return code_exchange.problem(back, status, f"{headers}{body}")


def _answer(opener: urllib.request.OpenerDirector, url: str) -> tuple[int, Any, str]:
    try:
        answer = opener.open(url, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read().decode("utf-8", "replace")


def main() -> int:
    """Exit code 0 once every check holds in one round, 1 with what is wrong after SECONDS."""
    checks = json.loads(os.environ["CHECKS"])
    trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(_Stay(), trusted, urllib.request.HTTPCookieProcessor())
    return gate.wait(
        lambda: "\n".join(found for check in checks if (found := problem(opener, check))),
        "The service answers and offers the login",
    )


if __name__ == "__main__":
    sys.exit(main())
