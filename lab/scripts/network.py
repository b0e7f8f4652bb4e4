"""The network of a script: its requests are answered in this process, by whom the cluster says stands at an address."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final, Protocol
from urllib.response import addinfourl

from doubles.loopback import Reply, Request
from lab.scripts.files import Files
from lab.scripts.replaced import replaced

# Status codes and errors, and no connection.
_NAMES: Final = tuple(
    name
    for name, one in vars(http.client).items()
    if name.isupper() or (isinstance(one, type) and issubclass(one, Exception))
)


class Tls:
    """An SSLContext of a client: the certificates (PEM) that it trusts, and its own."""

    def __init__(self, files: Files, trusted: str) -> None:
        self._files = files
        self.trusted, self.certificate, self.verify_flags = trusted, "", ssl.VERIFY_X509_STRICT

    def load_cert_chain(self, path: Any) -> None:
        """Present the certificate in a file."""
        self.certificate = self._files.read(str(path)).decode()


class Network(Protocol):
    """Who answers; both raise OSError where nobody does."""

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        """The answer to a request; `url` says where it goes, `tls` whom the client trusts where it is https."""

    def greeting(self, host: str, port: int) -> bytes:
        """What a server says to whoever connects."""


def modules(network: Network, files: Files, environment: Mapping[str, str]) -> dict[str, ModuleType]:
    """`urllib`, `ssl`, `socket` and `http.client` over this network."""

    def context(cafile: str | None = None, cadata: str | None = None) -> Tls:
        path = cafile or environment.get("SSL_CERT_FILE", "")
        # Python passes over a variable that names no file, and not over an argument.
        trusted = cadata or (files.read(path) if cafile else files.content.get(path, b"")).decode()
        return Tls(files, trusted)

    def opener(*handlers: Any) -> urllib.request.OpenerDirector:
        given = [one() if isinstance(one, type) else one for one in handlers]
        return director(network, context, given)

    def connection(address: tuple[str, int], timeout: float | None = None) -> Any:
        return _Connection(network.greeting(*address))

    request = replaced(
        urllib.request,
        *("HTTPCookieProcessor", "HTTPRedirectHandler", "OpenerDirector", "Request"),
        build_opener=opener,
        urlopen=lambda asked, timeout=None, context=None: opener(_Trust(context)).open(asked),
        HTTPSHandler=_Trust,
    )
    client = replaced(http.client, "HTTPMessage", *_NAMES)
    return {
        "urllib": replaced(urllib, request=request, error=urllib.error, parse=urllib.parse),
        "urllib.request": request,
        "http": replaced(http, "HTTPMethod", "HTTPStatus", client=client),
        "http.client": client,
        "ssl": replaced(ssl, "VERIFY_X509_STRICT", "SSLError", SSLContext=Tls, create_default_context=context),
        "socket": replaced(socket, "timeout", create_connection=connection),
    }


class _Trust:
    """`HTTPSHandler`: which certificates are trusted."""

    def __init__(self, context: Any = None) -> None:
        self.context = context


def director(network: Network, default: Any, handlers: list[Any]) -> urllib.request.OpenerDirector:
    """As `urllib.request.build_opener` makes it, with one handler for HTTP and HTTPS."""
    made = urllib.request.OpenerDirector()
    context = next((one.context for one in handlers if isinstance(one, _Trust) and one.context), None)
    others = [one for one in handlers if not isinstance(one, _Trust)]
    if not any(isinstance(one, urllib.request.HTTPRedirectHandler) for one in others):
        others.append(urllib.request.HTTPRedirectHandler())
    usual = (urllib.request.UnknownHandler(), urllib.request.HTTPDefaultErrorHandler())
    for handler in (*usual, urllib.request.HTTPErrorProcessor(), _Wire(network, context or default()), *others):
        made.add_handler(handler)
    return made


class _Wire(urllib.request.AbstractHTTPHandler):
    """Hands requests to who answers them."""

    def __init__(self, network: Network, context: Any) -> None:
        super().__init__()
        self._network, self._context = network, context
        self.http_request = self.https_request = self.do_request_

    def http_open(self, request: urllib.request.Request) -> addinfourl:
        return self._open(request, None)

    def https_open(self, request: urllib.request.Request) -> addinfourl:
        if "BEGIN CERTIFICATE" not in self._context.trusted:
            raise urllib.error.URLError("certificate verify failed: unable to get local issuer certificate")
        return self._open(request, self._context)

    def _open(self, request: urllib.request.Request, tls: Tls | None) -> addinfourl:
        headers = {**request.headers, **request.unredirected_hdrs}
        body = request.data if isinstance(request.data, bytes) else b""
        asked = Request(request.get_method(), request.selector, headers, body)
        try:
            reply = self._network.respond(request.full_url, asked, tls)
        except OSError as error:
            raise urllib.error.URLError(error) from error
        return _response(request.full_url, reply)


def _response(url: str, reply: Reply) -> addinfourl:
    headers = http.client.HTTPMessage()
    for name, value in reply.headers.items():
        headers[name] = value
    response = addinfourl(io.BytesIO(reply.content), headers, url, reply.status)
    response.msg = http.client.responses.get(reply.status, "")  # type: ignore[attr-defined]
    return response


class _Connection:
    """A connected socket, from which only what the server says first is read."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._said)
