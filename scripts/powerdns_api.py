"""PowerDNS' API (docs/http-api of PowerDNS Authoritative), no more of it than scripts/powerdns_zones.py needs."""

import http.client
import json
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from scripts.gate import WaitingError

_SECONDS = 30


class RefusedError(Exception):
    """PowerDNS says why it does not do it, and asking again would change nothing."""


class PowerDns:
    """The API of one server, below `/api/v1/servers/localhost`."""

    def __init__(self, url: str, key: str) -> None:
        self._base = f"{url.rstrip('/')}/api/v1/servers/localhost"
        self._headers = {"X-API-Key": key, "Content-Type": "application/json", "Accept": "application/json"}

    def find(self, path: str) -> Any:
        """The answer to a GET; None where there is nothing."""
        return self._call("GET", path, None)

    def write(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, empty where PowerDNS has none. Raises RefusedError."""
        answer = self._call(method, path, body)
        if answer is None:
            raise RefusedError(f"{method} {path}: PowerDNS answers 404")
        return answer

    def _call(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
                text = answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return _refusal(f"{method} {path}", error)
        except (OSError, http.client.HTTPException) as error:
            raise WaitingError(f"{method} {path}: not reached ({error})") from error
        try:
            return json.loads(text) if text else {}
        except ValueError as error:
            raise WaitingError(f"{method} {path}: something answers that is not the API") from error


def _refusal(call: str, error: urllib.error.HTTPError) -> None:
    """None for what is not there; raises for every other answer."""
    if error.code == HTTPStatus.NOT_FOUND:
        return
    if error.code == HTTPStatus.UNAUTHORIZED:
        raise WaitingError(f"{call}: PowerDNS has another API key, and takes the new one when its pods start again")
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise WaitingError(f"{call}: PowerDNS answers {error.code}")
    try:
        message = json.loads(error.read().decode("utf-8", "replace"))["error"]
    except (ValueError, KeyError, TypeError):
        message = "no reason given"
    raise RefusedError(f"{call}: PowerDNS answers {error.code}: {message}")
