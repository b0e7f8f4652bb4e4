"""All doubles behind one address with TLS, as behind an ingress: the host of a request says who answers."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from doubles.certificates import Authority
from doubles.loopback import Double, Reply, Request, serving
from doubles.web import Asked, nothing
from lib.forward_auth import proxied_applications
from settings import Settings
from tests.smoke.doubles import chat, services, vault
from tests.smoke.doubles.authentik import Authentik
from tests.smoke.doubles.registry import Registry

API = "kube.smoke.example.com"
"""Host of the Kubernetes API."""
SSH_LIE = "git over SSH leads to the ingress"
FOREIGN = "chat has a certificate of somebody else"


@dataclass(frozen=True)
class Identities:
    """The CA of the platform, a server's context with a certificate of it, and one with a stranger's."""

    ca: str
    own: ssl.SSLContext
    foreign: ssl.SSLContext


def identities(settings: Settings, directory: Path) -> Identities:
    """Certificates for every host."""
    authority, stranger = Authority("platform"), Authority("stranger")
    names = (API, *settings.resolved_names, *(one.host for one in proxied_applications(settings)))
    own, foreign = (
        _context(one, names, directory / f"{name}.pem") for name, one in (("own", authority), ("foreign", stranger))
    )
    return Identities(authority.pem.decode(), own, foreign)


def _context(authority: Authority, hosts: tuple[str, ...], file: Path) -> ssl.SSLContext:
    certificate, key = authority.issue("ingress", hosts)
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


class Platform:
    """The doubles; `lies` are what they do wrong, each by its name."""

    def __init__(self, settings: Settings, lies: set[str]) -> None:
        self.authentik = Authentik(settings, lies)
        self.registry = Registry(settings, lies)
        portal = services.harbor(settings, self.authentik, lies)
        self._by_host: Mapping[str, services.Answer] = {
            settings.identity.host: self.authentik.respond,
            API: self.authentik.tokens.api_server,
            settings.gitea.host: services.gitea(settings, self.authentik, lies),
            settings.harbor.host: lambda asked: self.registry.respond(asked) or portal(asked),
            settings.vault.host: vault.vault(settings, self.authentik, lies),
            **chat.matrix(settings, self.authentik, lies),
            **{one.host: services.proxied(one, self.authentik, lies) for one in proxied_applications(settings)},
        }

    def respond(self, request: Request) -> Reply:
        """What the ingress does."""
        asked = Asked(request)
        return self._by_host.get(asked.host, nothing)(asked)


@contextmanager
def running(settings: Settings, lies: set[str], certificates: Identities) -> Iterator[Double]:
    """The platform on the loopback."""

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if FOREIGN in lies and name == settings.matrix.host:
            connection.context = certificates.foreign

    certificates.own.sni_callback = choose
    with serving(Platform(settings, lies).respond, certificates.own) as double:
        yield double
