"""Ends what people who may not log in to chat still have open: sessions of browsers, and clients with all their tokens.

It asks the admin API of the Matrix Authentication Service (docs/topics/admin-api.md there), as a client of its own.
Only accounts that came from the login are looked at, by the name that the login has for them. Nothing keeps them out
but the login itself, so whoever may log in again does.

Environment: ACCOUNT_URL (public), CLIENT_ID and CLIENT_SECRET, PROVIDER_ID (what the service calls the login), PEOPLE
(JSON list: what the login calls those who may log in), SSL_CERT_FILE, SECONDS and SCHEDULED
(scripts/gate.py).
"""

import base64
import http.client
import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any

from scripts import gate
from scripts.gate import WaitingError

KINDS = {"user-sessions": "browser", "oauth2-sessions": "client", "compat-sessions": "client of the old login"}
_PAGE = 100


class Api:
    """The admin API, with a token of its own for each round."""

    def __init__(self, url: str, client: str, secret: str) -> None:
        self._url = url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context()))
        basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
        form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": "urn:mas:admin"}).encode()
        token = self._call("POST", "/oauth2/token", f"Basic {basic}", form)["access_token"]
        self._authorization = f"Bearer {token}"

    def every(self, resource: str, **filters: str) -> Iterator[Any]:
        """Every entry of a list."""
        query = {"page[first]": str(_PAGE)} | {f"filter[{name}]": value for name, value in filters.items()}
        while True:
            path = f"/api/admin/v1/{resource}?{urllib.parse.urlencode(query)}"
            entries = self._call("GET", path, self._authorization)["data"]
            yield from entries
            if len(entries) < _PAGE:
                return
            query["page[after]"] = entries[-1]["id"]

    def finish(self, resource: str, session: str) -> None:
        self._call("POST", f"/api/admin/v1/{resource}/{session}/finish", self._authorization)

    def _call(self, method: str, path: str, authorization: str, form: bytes | None = None) -> Any:
        request = urllib.request.Request(self._url + path, form, {"Authorization": authorization}, method=method)
        where = f"{method} {urllib.parse.urlsplit(path).path}"
        try:
            with self._opener.open(request, timeout=20) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise WaitingError(f"{where}: answered {error.code}") from error
        except (OSError, http.client.HTTPException) as error:
            raise WaitingError(f"{where}: not reached ({error})") from error
        except ValueError as error:
            raise WaitingError(f"{where}: something answers that is not the API") from error


def ended(provider: str, people: list[str]) -> Iterator[str]:
    """Ends what is open, and says each time what it was."""
    api = Api(os.environ["ACCOUNT_URL"], os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    for link in list(api.every("upstream-oauth-links", provider=provider)):
        person, user = link["attributes"]["subject"], link["attributes"]["user_id"]
        if user is None or person in people:
            continue
        for resource, kind in KINDS.items():
            for session in list(api.every(resource, user=user, status="active")):
                api.finish(resource, session["id"])
                yield f"session of {person} ended: {kind}"


def main() -> int:
    """Exit code 0 once a whole round found nothing to end; 1 with the reason after SECONDS."""
    provider, people = os.environ["PROVIDER_ID"], json.loads(os.environ["PEOPLE"])
    return gate.put_right(partial(ended, provider, people), "Nobody has a session who may not log in")


if __name__ == "__main__":
    sys.exit(main())
