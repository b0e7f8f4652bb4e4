"""A double of the parts of Authentik that apply a blueprint: worker, rows, runs, the token endpoint and tokens."""

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from doubles.loopback import Reply, Request

PATH = "mounted/gitea/gitea.yaml"
ROW = "6b1f5f0e-0000-4000-8000-000000000001"
REDIRECT_URI = "https://git.example.test/user/oauth2/authentik/callback"
TOKEN = "api-token"
IDENTIFIER = "home-cluster-reader"
LISTS = frozenset(
    (
        *("core/groups/", "core/users/", "core/applications/", "providers/oauth2/", "providers/proxy/"),
        *("policies/expression/", "policies/bindings/", "propertymappings/provider/scope/"),
    )
)


def with_files(text: str, secret: str) -> str:
    """The hash of the releases after 2026.8, which covers the files that the text reads."""
    return hashlib.sha512(text.encode() + hashlib.sha512(secret.encode()).digest()).hexdigest()


def text_only(text: str, secret: str) -> str:
    """The hash of release 2026.8."""
    del secret
    return hashlib.sha512(text.encode()).hexdigest()


@dataclass
class Authentik:
    """What the server and its worker hold.

    Attributes:
        text: What the worker sees of the file; None while it sees none.
        secret: What the worker sees of the secret.
        up: False while nothing works but refusing.
        runs: False while asked-for runs do not end.
        outcome: Status that a run ends with.
        applied: Text and secret of the last good run.
        members: Who is in the group `admins`, of which the text says that jane alone is.
    """

    text: str | None
    secret: str = "new"
    up: bool = True
    runs: bool = True
    outcome: str = "successful"
    hashed: Callable[[str, str], str] = text_only
    applied: tuple[str, str] | None = None
    status: str = "unknown"
    asked: int = 0
    saves: "itertools.count[int]" = field(default_factory=itertools.count)
    saved: int = 0
    members: list[str] = field(default_factory=lambda: ["jane"])

    def respond(self, request: Request) -> Reply:
        """One request."""
        if not self.up:
            return Reply(503)
        if request.path == "/application/o/token/":
            return self._exchange(parse_qs(request.body.decode()))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(403)
        if request.path == f"/api/v3/core/tokens/{IDENTIFIER}/view_key/":
            return Reply(404) if self.applied is None else Reply(body={"key": self.applied[1]})
        path, _, query = request.path.removeprefix("/api/v3/").partition("?")
        if path in LISTS:
            return self._list(path, parse_qs(query))
        return self._manage(request.method, request.path.removeprefix("/api/v3/managed/blueprints/"))

    def _list(self, path: str, query: dict[str, list[str]]) -> Reply:
        """One entry on each page; applications that the asking account may not use only when asked for."""
        entries: list[dict[str, object]] = []
        if path == "core/groups/":
            members = [{"pk": number, "username": name} for number, name in enumerate(self.members)]
            admins = {"pk": "1", "name": "admins", "is_superuser": False, "users_obj": members}
            entries = [{"pk": "0", "name": "people", "is_superuser": False, "users_obj": []}, admins]
        elif path == "core/applications/" and "superuser_full_list" in query:
            entries = [{"slug": "gitea", "provider": 1, "policy_engine_mode": "all", "meta_launch_url": ""}]
        number = int(query["page"][0])
        following = number + 1 if number < len(entries) else 0
        return Reply(body={"pagination": {"next": following}, "results": entries[number - 1 : number]})

    def _manage(self, method: str, path: str) -> Reply:
        if (method, path) == ("GET", "available/"):
            return Reply(body=self._files())
        if (method, path) == ("POST", f"{ROW}/apply/"):
            self._run()
        elif (method, path) != ("GET", f"{ROW}/"):
            return Reply(404)
        return Reply(body=self._row())

    def _files(self) -> list[dict[str, object]]:
        packaged = {"path": "default/flow-oobe.yaml", "hash": "0" * 128, "last_m": 0, "meta": {"name": "oobe"}}
        if self.text is None:
            return [packaged]
        mounted = {"path": PATH, "hash": self.hashed(self.text, self.secret), "last_m": 0, "meta": {"name": "gitea"}}
        return [packaged, mounted]

    def _run(self) -> None:
        self.asked += 1
        if not self.runs:
            return
        self.saved = next(self.saves) + 1
        self.status = self.outcome if self.text is not None else "error"
        if self.status == "successful" and self.text is not None:
            self.members = ["jane"]
            self.applied = (self.text, self.secret)

    def _row(self) -> dict[str, object]:
        return {
            "pk": ROW,
            "path": PATH,
            "status": self.status,
            "last_applied": f"2026-11-23T10:00:{self.saved:02d}Z",
            "last_applied_hash": "" if self.applied is None else self.hashed(*self.applied),
        }

    def _exchange(self, form: dict[str, list[str]]) -> Reply:
        """Client first, then redirect URI, then code, as the token endpoint does."""
        known = self.applied is not None and form["client_id"] == ["gitea"]
        right = known and self.applied is not None and form["client_secret"] == [self.applied[1]]
        if not right or form["redirect_uri"] != [REDIRECT_URI]:
            return Reply(401, {"error": "invalid_client"})
        return Reply(400, {"error": "invalid_grant"})


def environment(directory: Path, url: str, text: str, *, generation: int = 2) -> dict[str, str]:
    """What the Job gets for an application's blueprint; the client secret mounted is `new`, of generation 2."""
    (directory / "gitea.yaml").write_text(text, encoding="utf-8")
    (directory / "client-secret").write_text("new", encoding="utf-8")
    (directory / "generation").write_text("2", encoding="utf-8")
    return {
        "AUTHENTIK_URL": url,
        "AUTHENTIK_TOKEN": TOKEN,
        "BLUEPRINT_ID": ROW,
        "BLUEPRINT_PATH": PATH,
        "BLUEPRINT_FILE": str(directory / "gitea.yaml"),
        "BLUEPRINT_SHA512": hashlib.sha512(text.encode()).hexdigest(),
        "CLIENT_ID": "gitea",
        "REDIRECT_URI": REDIRECT_URI,
        "SECRET_FILE": str(directory / "client-secret"),
        "SECRET_GENERATION_FILE": str(directory / "generation"),
        "SECRET_GENERATION": str(generation),
        "SECONDS": "60",
    }
