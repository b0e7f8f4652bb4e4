"""What is behind the API of Authentik while a blueprint is applied: worker, rows, runs; each can be late or fail."""

import datetime
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from doubles.authentik import Authentik, Client, Person
from doubles.loopback import Reply, Request

PATH = "mounted/gitea/gitea.yaml"
ROW = "6b1f5f0e-0000-4000-8000-000000000001"
REDIRECT_URI = "https://git.example.test/user/oauth2/authentik/callback"
TOKEN = "api-token"
RUN = "authentik.blueprints.v1.tasks.apply_blueprint"
IDENTIFIER = "home-cluster-reader"


def with_files(text: str, secret: str) -> str:
    """The hash of the releases after 2026.8, which covers the files that the text reads."""
    return hashlib.sha512(text.encode() + hashlib.sha512(secret.encode()).digest()).hexdigest()


def text_only(text: str, secret: str) -> str:
    """The hash of release 2026.8."""
    del secret
    return hashlib.sha512(text.encode()).hexdigest()


@dataclass
class Worker:
    """What the server and its worker hold.

    Attributes:
        text: What the worker sees of the file; None while it sees none.
        secret: What the worker sees of the secret.
        up: False while nothing works but refusing.
        runs: False while asked-for runs do not end.
        outcome: Status that a run ends with.
        applied: Text and secret of the last good run.
        members: Who is in the group `admins`, of which the text says that jane alone is.
        queue: The worker's tasks.
        system: The system settings; `forgets` are those that are not kept.
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
    host: str = "auth.example.test"
    guesses: int | None = None
    avatars: str = "initials"
    people: Mapping[str, Person] = field(default_factory=dict)
    queue: Sequence[Mapping[str, Any]] = ()
    system: dict[str, Any] = field(default_factory=dict)
    forgets: frozenset[str] = frozenset()

    def respond(self, request: Request) -> Reply:
        """One request."""
        return Authentik(self, administration=self).respond(request) if self.up else Reply(503)

    @property
    def clients(self) -> Mapping[str, Client]:
        """The client that the last good run made."""
        if self.applied is None:
            return {}
        made = Client(slug="gitea", client_id="gitea", redirect_uris=(REDIRECT_URI,), secret=self.applied[1])
        return {"gitea": made}

    def account(self, token: str) -> Mapping[str, Any] | None:
        return {"username": "akadmin", "is_superuser": True} if token == TOKEN else None

    def files(self) -> Mapping[str, str]:
        mounted = {} if self.text is None else {PATH: self.hashed(self.text, self.secret)}
        return {"default/flow-oobe.yaml": "0" * 128, **mounted}

    def row(self, identifier: str) -> Mapping[str, Any] | None:
        if identifier != ROW:
            return None
        applied = "" if self.applied is None else self.hashed(*self.applied)
        last = f"2026-11-23T10:00:{self.saved:02d}Z"
        return {"path": PATH, "status": self.status, "last_applied": last, "last_applied_hash": applied}

    def apply(self, identifier: str) -> None:
        self.asked += 1
        if not self.runs:
            return
        self.saved = next(self.saves) + 1
        self.status = self.outcome if self.text is not None else "error"
        if self.status == "successful" and self.text is not None:
            self.members = ["jane"]
            self.applied = (self.text, self.secret)

    def key(self, identifier: str) -> str | None:
        return self.applied[1] if self.applied is not None and identifier == IDENTIFIER else None

    def entries(self, path: str) -> Sequence[Mapping[str, Any]]:
        members = [{"pk": number, "username": name} for number, name in enumerate(self.members)]
        admins = {"pk": "1", "name": "admins", "is_superuser": False, "users_obj": members}
        people = {"pk": "0", "name": "people", "is_superuser": False, "users_obj": []}
        gitea = {"slug": "gitea", "provider": 1, "policy_engine_mode": "all", "meta_launch_url": ""}
        return {"core/groups": [people, admins], "core/applications": [gitea]}.get(path, [])

    def tasks(self) -> Sequence[Mapping[str, Any]]:
        return self.queue

    def settings(self) -> Mapping[str, Any]:
        return self.system

    def set(self, given: Mapping[str, Any]) -> None:
        self.system |= {name: value for name, value in given.items() if name not in self.forgets}


def task(status: str, minutes: float = 0, again: float | None = None, actor: str = RUN) -> dict[str, Any]:
    """A task that was touched so many minutes ago, and is tried again in so many."""
    now = datetime.datetime.now(datetime.UTC)
    eta = None if again is None else (now + datetime.timedelta(minutes=again)).isoformat()
    touched = (now - datetime.timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    return {"actor_name": actor, "aggregated_status": status, "mtime": touched, "eta": eta}


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
