"""HTTPS to the hosts of the platform: its CA is trusted and no other, its names may be led to an address.

Built on urllib, as the probe scripts are: the suite asks with their functions.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

from smoke.check import Failed, Skipped

Address = tuple[str, int]
Route = Callable[[str, int], Address]

SSH_PORT: Final = 22

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 20
_ERROR: Final = 400


def by_name_or(addresses: Mapping[str, str], ingress: str) -> Route:
    """Names that the resolver knows lead where it says, others to their address here, or else to the ingress."""

    def route(host: str, port: int) -> Address:
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror:
            return addresses.get(host, ingress), port
        return host, port

    return route


def straight_to(address: str) -> Route:
    """Every name leads to one `address` or `address:port`, as with curl's --connect-to; a port is that of HTTPS."""
    host, _, port = address.partition(":")

    def route(name: str, wanted: int) -> Address:
        if port and wanted == SSH_PORT:
            raise Skipped(f"--connect-to {address} leads to a port of HTTPS, not to SSH of {name}")
        return host, int(port or wanted)

    return route


def trusting(certificate: str) -> ssl.SSLContext:
    """A client's context that trusts this CA (PEM) and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    return context


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: where they lead is looked at first."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


class _Handler(urllib.request.HTTPSHandler):
    """Connects where the route says; name and certificate stay those of the URL."""

    def __init__(self, context: ssl.SSLContext, route: Route) -> None:
        super().__init__(context=context)

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                plain = socket.create_connection(route(self.host, self.port), self.timeout)
                self.sock = context.wrap_socket(plain, server_hostname=self.host)

        # With a context, or each connection would read the certificates of the system first.
        self._connection = partial(Connection, context=context)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by urllib for each https request."""
        return self.do_open(self._connection, req)


@dataclass(frozen=True)
class Page:
    """An answer.

    Attributes:
        location: Absolute URL that it redirects to; empty when it does not.
    """

    url: str
    status: int
    headers: Message
    body: bytes

    @property
    def location(self) -> str:
        target = self.headers.get("Location") if self.status in _REDIRECTS else None
        return urllib.parse.urljoin(self.url, target) if target else ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The document; raises Failed when there is none, or an error instead."""
        if self.status >= _ERROR:
            raise Failed(f"{self.url} answers {self.status}: {self.text[:200].strip()}")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failed(f"{self.url} answers no JSON but {self.text[:80]!r}") from None


@dataclass(frozen=True)
class Network:
    """How hosts are reached: whom to trust, which way to go, how many seconds to wait for an answer."""

    trusted: ssl.SSLContext
    route: Route
    timeout: float = 20.0

    def reach(self, host: str, seconds: float = 5.0) -> None:
        """Prove that there is a way to a host at all; raises OSError that names the address and the fix."""
        address = self.route(host, 443)
        try:
            socket.create_connection(address, seconds).close()
        except OSError as error:
            raise OSError(
                f"{host} is looked for at {address[0]}:{address[1]}, where nobody answers ({error}): run this from the "
                "network of the cluster, or name another way with --connect-to ADDRESS"
            ) from None

    def certificate_end(self, host: str) -> float:
        """When the certificate that a host shows ends, in seconds since 1970; raises OSError."""
        with (
            socket.create_connection(self.route(host, 443), self.timeout) as plain,
            self.trusted.wrap_socket(plain, server_hostname=host) as shown,
        ):
            return ssl.cert_time_to_seconds(str((shown.getpeercert() or {})["notAfter"]))

    def opener(self, *handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
        """Opens https URLs and follows no redirect."""
        through = _Handler(self.trusted, self.route)
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay(), through, *handlers)


@dataclass
class Browser:
    """What a person's browser would do: it keeps cookies."""

    network: Network
    cookies: CookieJar = field(default_factory=CookieJar)

    def __post_init__(self) -> None:
        self._opener = self.network.opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """One request, no redirect followed."""
        return self.send("GET", url, headers=headers)

    def post(self, url: str, document: Any, headers: Mapping[str, str] | None = None) -> Page:
        """Send a document as JSON."""
        typed = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
        return self.send("POST", url, json.dumps(document).encode(), typed)

    def send(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Page:
        """One request of any kind."""
        if urllib.parse.urlsplit(url).scheme != "https":
            raise Failed(f"{url} is no https address, and no host of the platform has another")
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
        try:
            with self._opener.open(request, timeout=self.network.timeout) as answer:
                return Page(url, answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Page(url, error.code, error.headers, error.read())

    def follow(self, url: str) -> Page:
        """Follow redirects to a page."""
        for _ in range(_MOST_REDIRECTS):
            page = self.get(url)
            if not page.location:
                return page
            url = page.location
        raise Failed(f"{url} is not the end of {_MOST_REDIRECTS} redirects")

    def cookie(self, name: str) -> str:
        """Value of a cookie; empty when there is none."""
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == name), "")


def forgetful(network: Network) -> Browser:
    """What a program is: it takes no cookies."""
    return Browser(network, CookieJar(DefaultCookiePolicy(allowed_domains=())))


def host_of(url: str) -> str:
    """Host of a URL."""
    return urllib.parse.urlsplit(url).hostname or ""


def query_of(url: str) -> dict[str, str]:
    """Parameters of a URL, each with its first value."""
    return {key: values[0] for key, values in urllib.parse.parse_qs(urllib.parse.urlsplit(url).query).items()}
