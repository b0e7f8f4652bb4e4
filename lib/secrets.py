"""Declarations of secrets: what each consists of, where it lies in Vault, and who reads it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

KV_MOUNT = "kv"
"""Mount of the KV v2 engine."""

PLATFORM_PREFIX = "platform"
"""Folder of that mount that only this program writes and only External Secrets reads."""


class Kind(StrEnum):
    """How the value of a field comes into being. Every random one is made once and kept in encrypted state."""

    PASSWORD = "password"
    """Letters and digits; `size` is the number of characters."""
    HEX = "hex"
    """Random bytes in hexadecimal; `size` is the number of bytes."""
    BASE64URL = "base64url"
    """Random bytes in unpadded base64url (RFC 4648 section 5); `size` is the number of bytes."""
    BASE64 = "base64"
    """Random bytes in base64 (RFC 4648 section 4), as keys of TSIG are written; `size` is the number of bytes."""
    RSA_PRIVATE_KEY = "rsa-private-key"
    """RSA key in PEM; `size` is the number of bits."""
    EC_PRIVATE_KEY = "ec-private-key"
    """Key on the curve P-256 in PEM."""
    RSA_CERTIFICATE = "rsa-certificate"
    """Self-signed certificate in PEM of the RSA key in field `of`."""
    SYNAPSE_SIGNING_KEY = "synapse-signing-key"
    """`ed25519 <key id> <unpadded base64 of 32 bytes>`, the file format of Synapse's `signing_key_path`."""
    HTPASSWD = "htpasswd"
    """`<literal>:<bcrypt hash of the PASSWORD field `of`>`; the hash is kept in state, so it does not churn."""
    GIVEN = "given"
    """A value that a person brings: the secret `givenSecrets` of the stack file has it."""
    LITERAL = "literal"
    """A value that is no secret but belongs beside one, such as a user name: `literal`."""


PREVIOUS = "-previous"
"""What the name of a field ends in that holds the value of the generation before."""

KEEPS_PREVIOUS = frozenset({Kind.PASSWORD, Kind.HEX, Kind.BASE64URL, Kind.BASE64})
"""Kinds whose value of the generation before can be kept: those that are made of nothing else."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One key of a secret.

    Attributes:
        of: Name of the field it is made of, which comes before it.
        mixed: Whether a PASSWORD has at least one capital letter, one small one and one digit, which some programs
            insist on; it would have nearly always.
        overlap: Whether the value of the generation before stays beside it, as `<name>-previous`: for a value that
            is checked by something that takes two.
    """

    name: str
    kind: Kind
    size: int = 32
    of: str = ""
    literal: str = ""
    mixed: bool = False
    overlap: bool = False

    @property
    def previous(self) -> str:
        """Name of the field that holds the value of the generation before."""
        return f"{self.name}{PREVIOUS}"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A Kubernetes Secret that External Secrets makes of a secret, and who lives off it.

    Attributes:
        secret: Name of the Secret and of its ExternalSecret.
        restarts: Workloads that Reloader starts anew when the Secret changes, such as `Deployment/gitea`.
        follows: Who else takes up a new value, and how; empty when `restarts` says it all.
        keeps: Where it keeps the value in storage of its own, and what brings a new one there.
        reflect_to: Namespaces that Reflector copies the Secret to, and no others.
    """

    namespace: str
    secret: str
    restarts: tuple[str, ...] = ()
    follows: str = ""
    keeps: str = ""
    reflect_to: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.namespace}/{self.secret}"


@dataclass(frozen=True, kw_only=True)
class SecretDeclaration:
    """One secret, declared once.

    Attributes:
        path: Path below the platform folder, such as `gitea/admin`; unique, and the key of `rotation.generations`.
        readers: Every Kubernetes Secret that it is part of.
        used_by_program: What this program itself does with it, besides writing it to Vault.
        generation: Raising it makes new values and sends them down the whole chain.
        permanent: Why it can never be rotated, such as data encrypted with it; empty for all others.
        window: What does not work, and until when, between a new value and the last reader's taking it up.
    """

    path: str
    fields: tuple[Field, ...]
    readers: tuple[Reader, ...]
    used_by_program: str = ""
    generation: int = 1
    permanent: str = ""
    window: str = ""

    @property
    def name(self) -> str:
        """Stem of resource names: the path with dashes."""
        return self.path.replace("/", "-")

    @property
    def vault_path(self) -> str:
        """Path inside the KV mount."""
        return f"{PLATFORM_PREFIX}/{self.path}"

    @property
    def consumers(self) -> tuple[str, ...]:
        """Namespaces that read it through External Secrets."""
        return tuple(dict.fromkeys(reader.namespace for reader in self.readers))

    @property
    def overlaps(self) -> bool:
        """Whether a value of the generation before is kept."""
        return any(field.overlap for field in self.fields)

    @property
    def field_names(self) -> tuple[str, ...]:
        """What Vault holds at the path: each field, and the value before of those that overlap."""
        return tuple(name for one in self.fields for name in (one.name, *((one.previous,) if one.overlap else ())))

    def reader(self, namespace: str, secret: str) -> Reader | None:
        """The reader of that name, if it is declared."""
        return next((one for one in self.readers if (one.namespace, one.secret) == (namespace, secret)), None)


def password(name: str, size: int = 32, *, mixed: bool = False, overlap: bool = False) -> Field:
    """A PASSWORD field."""
    return Field(name=name, kind=Kind.PASSWORD, size=size, mixed=mixed, overlap=overlap)


def literal(name: str, value: str) -> Field:
    """A LITERAL field."""
    return Field(name=name, kind=Kind.LITERAL, literal=value)


def skipped(applied: Mapping[str, int], declarations: tuple[SecretDeclaration, ...]) -> list[str]:
    """Why the generations of the declarations cannot follow those whose values are in use; empty when they can.

    Args:
        applied: Stack output `secretGenerations` of the last update that came to its end: generation by path.
    """
    return [
        f"rotation.generations.{one.path}: {one.generation} skips generations after {applied[one.path]}, so the value "
        f"in use would not be kept beside the new one; write {applied[one.path] + 1}"
        for one in declarations
        if one.overlaps and one.generation > applied.get(one.path, one.generation) + 1
    ]
