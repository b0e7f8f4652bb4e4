"""A double of the admin API of the Matrix Authentication Service, as scripts/matrix_sessions.py uses it (docs/topics/
admin-api.md and crates/handlers/src/admin/v1 there, release 1.23).
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply, Request

TOKEN = "mat_of-the-double"
PROVIDER = "01K8HC7XV4Q2M9D6T3R5N0WBZJ"


@dataclass
class MatrixAdmin:
    """People who have logged in, and what each has open.

    Attributes:
        clients: Client id -> secret.
        admin_clients: Those that may ask for the scope `urn:mas:admin`.
        people: Name that the login has for a person -> kind of session -> ids of the open ones.
        page: Most entries of a page.
    """

    clients: Mapping[str, str]
    admin_clients: tuple[str, ...]
    people: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    page: int = 100

    def __call__(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        if (request.method, url.path) == ("POST", "/oauth2/token"):
            return self._token(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"errors": [{"title": "Missing authorization header"}]})
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if request.method == "GET" and url.path == "/api/admin/v1/upstream-oauth-links":
            links = sorted(self.people) if query.get("filter[provider]") == PROVIDER else []
            return self._list(query, {name: {"subject": name, "user_id": f"user-{name}"} for name in links})
        listed = re.fullmatch(r"/api/admin/v1/([a-z0-9]+-sessions)", url.path)
        if request.method == "GET" and listed:
            person = query["filter[user]"].removeprefix("user-")
            return self._list(query, {one: {} for one in sorted(self.people[person].get(listed[1], []))})
        finish = re.fullmatch(r"/api/admin/v1/([a-z0-9]+-sessions)/([^/]+)/finish", url.path)
        return self._finish(*finish.groups()) if request.method == "POST" and finish else Reply(404, {"errors": []})

    def _token(self, request: Request) -> Reply:
        scheme, _, credentials = (request.headers.get("Authorization") or "").partition(" ")
        client, _, secret = base64.b64decode(credentials).decode().partition(":")
        if scheme != "Basic" or client not in self.clients or self.clients[client] != secret:
            return Reply(401, {"error": "invalid_client"})
        form = parse_qs(request.body.decode())
        if form != {"grant_type": ["client_credentials"], "scope": ["urn:mas:admin"]}:
            return Reply(400, {"error": "invalid_request"})
        if client not in self.admin_clients:
            return Reply(403, {"error": "access_denied"})
        return Reply(body={"access_token": TOKEN, "token_type": "Bearer"})

    def _list(self, query: Mapping[str, str], entries: Mapping[str, Any]) -> Reply:
        after = query.get("page[after]", "")
        size = min(int(query["page[first]"]), self.page)
        shown = [one for one in entries if one > after][:size]
        return Reply(body={"data": [{"id": one, "attributes": entries[one]} for one in shown]})

    def _finish(self, kind: str, session: str) -> Reply:
        for sessions in self.people.values():
            if session in sessions.get(kind, []):
                sessions[kind].remove(session)
                self.finished.append(session)
                return Reply(body={"data": {"id": session}})
        return Reply(400, {"errors": [{"title": "already finished"}]})
