"""Declarations of secrets: what each consists of, where it lies in Vault and which namespaces may read it."""

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
    LITERAL = "literal"
    """A value that is no secret but belongs beside one, such as a user name: `literal`."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One key of a secret."""

    name: str
    kind: Kind
    size: int = 32
    of: str = ""
    literal: str = ""


@dataclass(frozen=True, kw_only=True)
class SecretDeclaration:
    """One secret, declared once.

    Attributes:
        path: Path below the platform folder, such as `gitea/admin`; unique, and the key of `rotation.generations`.
        consumers: Namespaces that read it through External Secrets; empty when only this program uses it.
        generation: Raising it makes new values and sends them down the whole chain.
        permanent: Why it can never be rotated, such as data encrypted with it; empty for all others.
    """

    path: str
    fields: tuple[Field, ...]
    consumers: tuple[str, ...]
    generation: int = 1
    permanent: str = ""

    @property
    def name(self) -> str:
        """Stem of resource names: the path with dashes."""
        return self.path.replace("/", "-")

    @property
    def vault_path(self) -> str:
        """Path inside the KV mount."""
        return f"{PLATFORM_PREFIX}/{self.path}"


def password(name: str, size: int = 32) -> Field:
    """A PASSWORD field."""
    return Field(name=name, kind=Kind.PASSWORD, size=size)


def literal(name: str, value: str) -> Field:
    """A LITERAL field."""
    return Field(name=name, kind=Kind.LITERAL, literal=value)
