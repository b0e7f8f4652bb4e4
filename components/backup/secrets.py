"""Secrets of backups: the key pair of the target, and what repositories of volumes are encrypted with."""

from collections.abc import Iterator, Mapping

from lib.names import SystemNamespace
from lib.secrets import Field, Kind, Reader, SecretDeclaration
from settings.model import Settings

ACCESS_KEY, PASSWORD = "backup/access-key", "backup/password"
PAIR: Mapping[str, str] = {"access-key-id": "accessKeyId", "secret-access-key": "secretAccessKey"}
"""Fields of the key pair, and their keys in the secret `backupAccessKey` of the stack file."""
PASSWORD_FIELD = "password"
SECRET = "backup-access"
"""Secret with the key pair, in every namespace that asks the target."""


def declare(settings: Settings) -> tuple[SecretDeclaration, ...]:
    """Both, where there are backups. Who reads them is said here, part by part."""
    if settings.backup is None:
        return ()
    return (
        SecretDeclaration(
            path=ACCESS_KEY,
            fields=tuple(Field(name=name, kind=Kind.GIVEN) for name in PAIR),
            readers=tuple(_askers(settings)),
            window="backups fail from the target's new key until the Secrets have it",
        ),
        SecretDeclaration(
            path=PASSWORD,
            fields=(Field(name=PASSWORD_FIELD, kind=Kind.GIVEN),),
            readers=tuple(_openers(settings)),
            permanent="every repository of volumes is encrypted with it",
        ),
    )


def _askers(settings: Settings) -> Iterator[Reader]:
    """Who asks the target, each in its own namespace."""
    del settings
    for namespace in (SystemNamespace.BACKUP, SystemNamespace.VAULT):
        yield Reader(namespace=namespace, secret=SECRET, follows="each Job reads it when it starts")


def _openers(settings: Settings) -> Iterator[Reader]:
    """Who encrypts with the password."""
    del settings
    yield Reader(namespace=SystemNamespace.BACKUP, secret="backup-password", follows="each Job reads it when it starts")
