"""Harbor's API as its administrator, for scripts/harbor_content.py.

The administrator is an account of Harbor's own, which logs in with its password in every mode of login, and a request
without a session needs no CSRF token (Harbor 2.15.2, src/core/auth/authenticator.go, src/server/middleware/csrf).
"""

import base64
import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

PAGE = 100
"""The most that Harbor gives at once (api/v2.0/swagger.yaml, pageSize)."""
_SECONDS = 120
"""Adding a registry makes Harbor ask it."""


class HarborRefusedError(Exception):
    """Harbor answered, and not with success.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, asked: str, status: int, words: str) -> None:
        super().__init__(f"{asked} was answered {status}" + (f": {words}" if words else ""))
        self.status = status


class CannotError(Exception):
    """What is wanted cannot be, and why."""


class UnreachableError(CannotError):
    """It cannot be as long as something outside of the cluster does not answer."""


@dataclass
class HarborApi:
    """One Harbor, and what was written to it so far.

    Attributes:
        url: Where it is, without a slash at the end.
        writes: Every successful request that changed something, in words, and why where nobody had changed it.
    """

    url: str
    user: str
    password: str
    writes: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Any:
        """The answer, None for an empty one."""
        return json.loads(self.text(path) or "null")

    def text(self, path: str) -> str:
        """The answer as it is."""
        return self._ask("GET", path)[0].decode("utf-8", "replace")

    def every(self, path: str) -> list[Any]:
        """All entries of a list, page after page."""
        found: list[Any] = []
        joint = "&" if "?" in path else "?"
        while True:
            number = len(found) // PAGE + 1
            text, headers = self._ask("GET", f"{path}{joint}page={number}&page_size={PAGE}")
            page = json.loads(text or "null") or []
            found += page
            if len(page) < PAGE or len(found) >= int(headers.get("X-Total-Count") or 0):
                return found

    def write(self, method: str, path: str, body: Any = None, why: str = "") -> None:
        """A request that changes something, and `why` when it takes nothing back."""
        self._ask(method, path, body)
        self.writes[f"{method} {path}"] = why

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[bytes, http.client.HTTPMessage]:
        asked = request(f"{self.url}/api/v2.0{path}", self.user, self.password, method)
        if body is not None:
            asked.data = json.dumps(body).encode()
            asked.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:
                return answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            raise HarborRefusedError(f"{method} {path}", error.code, _words(error)) from error

    def lets_in(self, user: str, password: str) -> bool:
        """Whether the registry takes a user's password: what `docker login` asks."""
        try:
            urllib.request.urlopen(request(f"{self.url}/v2/", user, password), timeout=_SECONDS).close()
        except urllib.error.HTTPError as error:
            if error.code == http.client.UNAUTHORIZED:
                return False
            raise HarborRefusedError("GET /v2/", error.code, _words(error)) from error
        return True


def request(url: str, user: str, password: str, method: str = "GET") -> urllib.request.Request:
    """A request with basic authentication."""
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Accept": "application/json"}
    return urllib.request.Request(url, method=method, headers=headers)


def _words(error: urllib.error.HTTPError) -> str:
    """What Harbor says of an error: `{"errors": [{"code": …, "message": …}]}`."""
    try:
        return "; ".join(one["message"] for one in json.load(error)["errors"])
    except (ValueError, LookupError, TypeError):
        return ""
