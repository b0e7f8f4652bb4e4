"""Gate of a service: it answers on its public host and offers the login through Authentik.

A page that names the login proves only configuration. Where a service redirects to the login, the redirect is asked
for too: to give it, the service must have resolved Authentik's name, trusted its certificate and read its discovery
document.

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

from scripts import gate, ssh_banner


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: where they lead is the question."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


def problem(opener: urllib.request.OpenerDirector, check: Mapping[str, Any]) -> str:
    """Empty when the answer is as it should be, otherwise what it is instead."""
    url: str = check["url"]
    if url.startswith("ssh:"):
        return ssh_banner.problem(url)
    try:
        with opener.open(url, timeout=10) as answer:
            status, location, body = answer.status, "", answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        status, location, body = error.code, error.headers.get("Location") or "", ""
    except (OSError, http.client.HTTPException) as error:
        return f"{url}: not reached ({error})"
    if "location" in check:
        if re.search(check["location"], location):
            return ""
        return f"{url}: answered {status} and leads to {location or 'nowhere'}, not to {check['location']}"
    if re.search(check["body"], body):
        return ""
    return f"{url}: answered {status} without {check['body']}"


def main() -> int:
    """Exit code 0 once every check holds in one round, 1 with what is wrong after SECONDS."""
    checks = json.loads(os.environ["CHECKS"])
    trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(_Stay(), trusted)
    return gate.wait(
        lambda: "\n".join(found for check in checks if (found := problem(opener, check))),
        "The service answers and offers the login",
    )


if __name__ == "__main__":
    sys.exit(main())
