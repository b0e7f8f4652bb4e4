"""Gate of an application behind Authentik's login: a request without a session is sent to Authentik, and back.

The question is the one that Traefik asks, with the headers that it sends along (`pkg/middlewares/auth/forward.go`).
The outpost answers with the address of the login once it knows the host (`src/outpost/proxy/application/handlers/
forward.rs`); 404 comes from the server when no provider has that host, or the outpost has not heard of it yet.

Environment: FORWARD_AUTH_URL (address of the Middleware), FORWARDED_HOST (of the application), AUTH_HOST, SECONDS.
"""

import http.client
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from scripts import gate


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def location_problem(location: str, host: str, auth_host: str) -> str:
    """Empty when this is where a person must be sent."""
    parts = urllib.parse.urlsplit(location)
    if (parts.scheme, parts.netloc) != ("https", auth_host):
        return f"people would be sent to {parts.scheme}://{parts.netloc} and not to https://{auth_host}"
    if parts.path != "/application/o/authorize/":
        return f"people would be sent to {parts.path}, which is no login"
    back = urllib.parse.parse_qs(parts.query).get("redirect_uri", [""])[0]
    if not back.startswith(f"https://{host}/"):
        return f"people would come back to {back or 'nowhere'} and not to https://{host}/"
    return ""


def problem(environment: dict[str, str]) -> str:
    """Empty when the gate is open, otherwise what is wrong."""
    host = environment["FORWARDED_HOST"]
    headers = {
        "X-Forwarded-Method": "GET",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": host,
        "X-Forwarded-Uri": "/",
    }
    request = urllib.request.Request(environment["FORWARD_AUTH_URL"], headers=headers)
    try:
        with _opener.open(request, timeout=10) as response:
            return f"Authentik lets a stranger through to {host} ({response.status})"
    except urllib.error.HTTPError as error:
        if error.code == http.client.NOT_FOUND:
            return f"Authentik does not know {host} yet"
        if not http.client.MULTIPLE_CHOICES <= error.code < http.client.BAD_REQUEST:
            return f"Authentik answers {error.code}"
        return location_problem(error.headers.get("Location", ""), host, environment["AUTH_HOST"])
    except OSError as error:
        return f"Authentik is not answering ({error})"


def main() -> int:
    return gate.wait(lambda: problem(dict(os.environ)), f"{os.environ['FORWARDED_HOST']} is behind the login")


if __name__ == "__main__":
    sys.exit(main())
