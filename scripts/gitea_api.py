"""Gitea's API as one account, and what its refusals mean; no more of it than scripts/gitea_content.py and
scripts/gitea_repository.py need.
"""

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from scripts.gate import WaitingError

_PAGE = 50  # MAX_RESPONSE_ITEMS of Gitea


class RefusedAccountError(WaitingError):
    """The name and the password are not, or not yet, those of an account that may ask."""


class GiteaRefusedError(Exception):
    """Only a person can put it right."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: what answers under another name is something else."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


class GiteaApi:
    """Gitea's API as one account."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self._url = url
        self._base = f"{url.rstrip('/')}/api/v1"
        credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
        trusted = urllib.request.HTTPSHandler(context=ssl.create_default_context())
        self._opener = urllib.request.build_opener(_Stay(), trusted)

    def find(self, path: str) -> Any:
        """The answer to a GET; None where there is nothing."""
        return self._call("GET", path, None)

    def write(self, method: str, path: str, body: Any = None) -> None:
        """Raises RefusedError where there is nothing to write to."""
        if self._call(method, path, body) is None:
            raise GiteaRefusedError(f"{method} {path}: Gitea answers 404")

    def admits(self, username: str, password: str) -> bool:
        """Whether another account gets in with the password."""
        try:
            return GiteaApi(self._url, username, password).find("/user") is not None
        except RefusedAccountError:
            return False

    def pages(self, path: str) -> Iterator[Any]:
        """Every entry of a list."""
        page = 1
        while entries := self.find(f"{path}?limit={_PAGE}&page={page}") or []:
            yield from entries
            page += 1

    def _call(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=20) as answer:
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
    if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise RefusedAccountError(
            f"{call}: Gitea refuses the account ({error.code}); it is made anew with every start, and no second factor "
            "may be set up for it"
        )
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise WaitingError(f"{call}: Gitea answers {error.code}")
    if error.code < HTTPStatus.BAD_REQUEST:
        target = error.headers.get("Location") or "nowhere"
        raise GiteaRefusedError(f"{call}: leads to {target}; give it its old name again, or declare it by the new one")
    try:
        message = json.loads(error.read().decode("utf-8", "replace"))["message"]
    except (ValueError, KeyError, TypeError):
        message = "no reason given"
    raise GiteaRefusedError(f"{call}: Gitea answers {error.code}: {message}")
