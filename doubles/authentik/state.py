"""What an instance of Authentik holds, as far as logins go: by a stack file, a recorded program or the lab's world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from declarations import oidc
from declarations.forward_auth import PREFIX, proxied_applications
from doubles.authentik.jwt import Signer
from register import logins
from settings.model import Settings


@dataclass(frozen=True)
class Person:
    """Who logs in, whether a password is enough for it, and with what an ID token of theirs differs from a right one
    (`claims`, `signer`, `algorithm`).
    """

    name: str
    groups: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    signer: Signer | None = None
    algorithm: str = "RS256"
    second_factor: bool = False

    @property
    def password(self) -> str:
        """Nobody but its owner knows a real one."""
        return f"{self.name}-password"


@dataclass(frozen=True, kw_only=True)
class Client:
    """A provider and its application.

    Attributes:
        groups: Members of one of these may log in; None where no policy is bound, which lets everybody in.
        secret: None of a public client.
        scopes: Those that have a mapping.
        host: Of the application that the outpost answers for; empty where the application logs people in itself.
    """

    slug: str
    client_id: str
    redirect_uris: tuple[str, ...]
    groups: tuple[str, ...] | None = ()
    secret: str | None = None
    scopes: tuple[str, ...] = oidc.SCOPES
    host: str = ""


class Directory(Protocol):
    """Clients by their id, people by their name, the public host, how many wrong passwords a name may give (None:
    any), and where pictures come from (the system setting).
    """

    @property
    def host(self) -> str: ...
    @property
    def clients(self) -> Mapping[str, Client]: ...
    @property
    def people(self) -> Mapping[str, Person]: ...
    @property
    def guesses(self) -> int | None: ...
    @property
    def avatars(self) -> str: ...


@dataclass
class Held:
    """A directory in memory."""

    host: str
    clients: dict[str, Client] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    guesses: int | None = 5
    avatars: str = "initials"


def declared(settings: Settings) -> Held:
    """What a stack file makes of an instance. Client secrets are `<slug>-secret`."""
    clients = [
        Client(
            slug=one.slug,
            client_id=one.client_id,
            redirect_uris=one.redirect_uris,
            groups=one.groups,
            secret=None if one.public else f"{one.slug}-secret",
            scopes=one.scopes,
        )
        for one in logins.applications(settings)
    ]
    clients += [outpost(one.slug, one.host, one.groups) for one in proxied_applications(settings)]
    people = {name: Person(name, tuple(one.groups)) for name, one in settings.identity.users.items()}
    return Held(settings.identity.host, {one.client_id: one for one in clients}, people)


def outpost(slug: str, host: str, groups: tuple[str, ...] | None) -> Client:
    """What the outpost is for one application: a client with an id and a secret that Authentik makes up
    (`ProxyProvider.set_oauth_defaults` in authentik/providers/proxy/models.py).
    """
    back = f"https://{host}{PREFIX}callback?X-authentik-auth-callback=true"
    return Client(
        slug=slug,
        client_id=f"{slug}-outpost",
        redirect_uris=(back,),
        groups=groups,
        secret=f"{slug}-made-up",
        host=host,
    )
