"""Vault's HTTP API, as much of it as the tests need."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

PATCH = "application/merge-patch+json"


class RefusedError(Exception):
    """An answer that is an error."""


@dataclass(frozen=True)
class Answer:
    """A response: its status, and what came with it."""

    status: int
    content: bytes

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object in it; empty where there is none."""
        try:
            parsed = json.loads(self.content)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    @property
    def data(self) -> Any:
        return self.body.get("data") or {}

    @property
    def warnings(self) -> list[str]:
        return list(self.body.get("warnings") or ())


@dataclass(frozen=True)
class Api:
    """A client of one server.

    Attributes:
        address: URL of the server.
        trust: CA certificate in PEM.
        token: Empty for a client that has not logged in.
    """

    address: str
    trust: str
    token: str = ""

    def using(self, token: str) -> "Api":
        return replace(self, token=token)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Whatever Vault answers, errors too. `path` is what follows /v1/ and may carry a query."""
        headers = {"X-Vault-Token": self.token} if self.token else {}
        if body is not None:
            headers["Content-Type"] = PATCH if method == "PATCH" else "application/json"
        request = urllib.request.Request(  # noqa: S310 - https on the loopback
            f"{self.address}/v1/{path}",
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        context = ssl.create_default_context(cadata=self.trust)
        # No proxy: the environment of the tests has no say in how the loopback is reached.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(request, timeout=300) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())

    def expect(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """The answer, where it is a success.

        Raises:
            RefusedError: with what Vault said, otherwise.
        """
        answer = self.ask(method, path, body)
        if answer.status >= 300:
            raise RefusedError(f"{method} {path}: {answer.status} {answer.body.get('errors')}")
        return answer

    def read(self, path: str) -> Any:
        """The data at a path."""
        return self.expect("GET", path).data

    def capabilities(self, token: str, paths: Iterable[str]) -> dict[str, frozenset[str]]:
        """What `token` may do at each of the paths where it may do anything, as Vault itself judges (with `self`'s
        right to ask).
        """
        asked = sorted(set(paths))
        found = self.expect("POST", "sys/capabilities", {"token": token, "paths": asked}).data
        return {path: frozenset(found[path]) for path in asked if found[path] != ["deny"]}
