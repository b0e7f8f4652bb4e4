"""All doubles behind one address with TLS, as behind an ingress: the host of a request says who answers."""

import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from components.gitea.settings import GiteaSettings
from components.harbor.declared import ROBOT_PREFIX
from components.harbor.settings import HarborSettings
from declarations.forward_auth import proxied_applications
from doubles import kubernetes_login, matrix
from doubles.authentik import Authentik
from doubles.authentik import declared as directory
from doubles.certificates import Authority
from doubles.client import Answer
from doubles.gitea import login as gitea
from doubles.harbor import login as harbor
from doubles.harbor.registry import Registry, Robot
from doubles.loopback import Double, Reply, Request, serving
from doubles.proxied import proxied
from doubles.vault import Vault
from doubles.vault import declared as role
from doubles.web import Asked, nothing
from settings.model import Settings

API = "kube.example.com"
"""Host of the Kubernetes API."""
SSH_FAULT = "git over SSH leads to the ingress"
FOREIGN = "chat has a certificate of somebody else"


def ssh_words(faults: Collection[str]) -> bytes:
    """What whoever answers for git over SSH says first."""
    return b"HTTP/1.1 400 Bad Request\r\n" if SSH_FAULT in faults else b"SSH-2.0-Go\r\n"


@dataclass(frozen=True)
class Identities:
    """The CA of the platform, a server's context with a certificate of it, and one with a stranger's."""

    ca: str
    own: ssl.SSLContext
    foreign: ssl.SSLContext


def identities(settings: Settings) -> Identities:
    """Certificates for every host."""
    authority, stranger = Authority("platform"), Authority("stranger")
    names = (API, *settings.resolved_names, *(one.host for one in proxied_applications(settings)))
    return Identities(authority.pem.decode(), authority.server(names), stranger.server(names))


def declared(settings: Settings, faults: Collection[str]) -> Mapping[str, Answer]:
    """The platform of a stack file with every service, by host. Passwords of robots are `<name>-secret`."""
    held = directory(settings)
    authentik = Authentik(held, faults).answer
    robots = {
        f"{ROBOT_PREFIX}{name}": Robot(f"{name}-secret", one.permissions)
        for name, one in settings.section(HarborSettings).robots.items()
    }
    return {
        held.host: authentik,
        API: kubernetes_login.api_server(kubernetes_login.declared(settings), faults),
        settings.section(GiteaSettings).host: gitea.gitea(gitea.declared(settings), authentik, faults),
        settings.section(HarborSettings).host: registry(
            Registry(settings.section(HarborSettings).host, robots, faults),
            harbor.harbor(harbor.declared(settings), authentik, faults),
        ),
        settings.vault.host: Vault(role(settings), authentik, faults).answer,
        **matrix.matrix(matrix.declared(settings), authentik, faults),
        **{one.host: proxied(one, held.host, authentik, faults) for one in held.clients.values() if one.host},
    }


def registry(images: Registry, portal: Answer) -> Answer:
    """Harbor as a whole."""
    return lambda asked: images.respond(asked) or portal(asked)


@contextmanager
def running(platform: Mapping[str, Answer], certificates: Mapping[str, ssl.SSLContext]) -> Iterator[Double]:
    """The platform on the loopback. A host with a certificate of its own shows that, any other the one of ``."""

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = certificates.get(name or "", certificates[""])

    def respond(request: Request) -> Reply:
        asked = Asked(request)
        return platform.get(asked.host, nothing)(asked)

    default = certificates[""]
    default.sni_callback = choose
    with serving(respond, default) as double:
        yield double
