"""What the doubles have in common: requests by parts, sessions by cookie."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

from doubles.loopback import Reply, Request

HTML = {"Content-Type": "text/html"}


@dataclass(frozen=True)
class Asked:
    """A request by its parts; `query` has the first value of each parameter."""

    request: Request

    @property
    def path(self) -> str:
        return urlsplit(self.request.path).path

    @property
    def query(self) -> Mapping[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.request.path).query).items()}

    @property
    def form(self) -> Mapping[str, str]:
        return {key: values[0] for key, values in parse_qs(self.request.body.decode()).items()}

    @property
    def host(self) -> str:
        return self.header("Host").split(":")[0]

    def header(self, name: str) -> str:
        """A header, whatever its case."""
        return next((value for key, value in self.request.headers.items() if key.lower() == name.lower()), "")

    def cookie(self, name: str) -> str:
        """A cookie; empty when there is none."""
        found = SimpleCookie(self.header("Cookie")).get(name)
        return found.value if found else ""


def redirect(url: str, cookie: str = "", status: int = 302) -> Reply:
    """Elsewhere, with a cookie."""
    return Reply(status, "", {"Location": url, **({"Set-Cookie": cookie} if cookie else {})})


def page(title: str, body: str = "", status: int = 200) -> Reply:
    """A page for people."""
    return Reply(status, f"<html><title>{title}</title>{body}</html>", HTML)


def nothing(_: Asked) -> Reply:
    """Nobody answers for this."""
    return Reply(404, "404 page not found")


def set_cookie(name: str, value: str) -> str:
    """As a server sets it."""
    return f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"


def unguessable() -> str:
    """A new identifier."""
    return secrets.token_hex(12)
