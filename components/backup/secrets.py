"""Secrets of backups: the key pair of the target, and what repositories of volumes are encrypted with."""

from collections.abc import Iterator, Mapping, Sequence

from components.backup.target import GATEWAY
from declarations.volumes import Volume
from lib.names import SystemNamespace
from lib.secrets import Field, Kind, Reader, SecretDeclaration
from settings.model import Settings

ACCESS_KEY, PASSWORD = "backup/access-key", "backup/password"
PAIR: Mapping[str, str] = {"access-key-id": "accessKeyId", "secret-access-key": "secretAccessKey"}
"""Fields of the key pair, and their keys in the secret `backupAccessKey` of the stack file."""
PASSWORD_FIELD = "password"
SECRET = "backup-access"
"""Secret with the key pair, in every namespace that asks the target."""
PASSWORD_SECRET = "backup-password"
"""Secret of the gateway with the password."""
_GATEWAY = (f"Deployment/{GATEWAY}",)
_ASKERS = (
    Reader(namespace=SystemNamespace.BACKUP, secret=SECRET, restarts=_GATEWAY),
    Reader(namespace=SystemNamespace.DATABASES, secret=SECRET, follows="CloudNativePG hands it to its tool"),
    Reader(namespace=SystemNamespace.VAULT, secret=SECRET, follows="each Job reads it when it starts"),
)
_OPENER = Reader(namespace=SystemNamespace.BACKUP, secret=PASSWORD_SECRET, restarts=_GATEWAY)


def declare(settings: Settings, volumes: Sequence[Volume] = ()) -> tuple[SecretDeclaration, ...]:
    """Both, where there are backups. Who reads them is said here, part by part."""
    if settings.backup is None:
        return ()
    return (
        SecretDeclaration(
            path=ACCESS_KEY,
            fields=tuple(Field(name=name, kind=Kind.GIVEN) for name in PAIR),
            readers=(*_ASKERS, *_copiers(volumes)),
            window="backups fail from the target's new key until the Secrets have it",
        ),
        SecretDeclaration(
            path=PASSWORD,
            fields=(Field(name=PASSWORD_FIELD, kind=Kind.GIVEN),),
            readers=(_OPENER, *_copiers(volumes)),
            permanent="what is in the target is encrypted with it",
        ),
    )


def _copiers(volumes: Sequence[Volume]) -> Iterator[Reader]:
    """Who copies volumes, each beside what writes to it."""
    for volume in volumes:
        yield Reader(namespace=volume.namespace, secret=volume.backup, follows="each Job reads it when it starts")
