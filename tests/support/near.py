"""Doubles without sockets: who answers on a port of the loopback is asked in this process.

A run of the acceptance suite is 160 requests, and connections with TLS are nine tenths of its time. What they show
(certificates) is left to the tests that are about it.
"""

import urllib.request
from typing import Any
from urllib.parse import urlsplit

from doubles.loopback import RUNNING, Reply, Request
from lab.scripts.network import Tls, director
from smoke.client import Network


class _Trusting:
    """A client's context, which trusts whoever is there."""

    trusted = "BEGIN CERTIFICATE"


class _Stay(urllib.request.HTTPRedirectHandler):
    """As the suite's own: follows no redirect."""

    def redirect_request(self, *_: Any) -> None:
        """No request."""


class Near(Network):
    """The network of the acceptance suite: leads where its route says."""

    def opener(self, *handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
        """Asks doubles."""
        return director(self, _Trusting, [_Stay(), *handlers])

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        """The answer of whoever is behind the host."""
        del tls
        return _answer(self.route(str(urlsplit(url).hostname), urlsplit(url).port or 443)[1], request)

    def greeting(self, host: str, port: int) -> bytes:
        """Not asked here."""
        raise NotImplementedError


class _Loopback:
    """What scripts are given addresses of."""

    def respond(self, url: str, request: Request, tls: Tls | None) -> Reply:
        del tls
        return _answer(urlsplit(url).port or 80, request)

    def greeting(self, host: str, port: int) -> bytes:
        raise NotImplementedError


_opener = director(_Loopback(), _Trusting, [])


def urlopen(asked: str | urllib.request.Request, timeout: float = 0, context: object = None) -> Any:
    """In place of the one of urllib."""
    del timeout, context
    return _opener.open(asked)


def _answer(port: int, request: Request) -> Reply:
    if port not in RUNNING:
        raise ConnectionRefusedError(f"nobody answers on {port}")
    return RUNNING[port](request)
