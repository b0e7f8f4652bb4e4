"""Keys and certificates of a simulated Talos cluster: well-formed, and signed by each other as the real ones are.

Keys are made from a seed, so that a resource keeps its values when an interrupted operation is repeated.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

# Fixed, so that nothing about a certificate depends on the clock of the machine that runs the lab.
_FROM: Final = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
_UNTIL: Final = datetime.datetime(2125, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: str
    key: str

    def encoded(self) -> dict[str, str]:
        """As Talos keeps them: base64 of PEM."""
        return {"cert": b64(self.certificate), "key": b64(self.key)}


def b64(text: str) -> str:
    """Base64 of a text."""
    return base64.b64encode(text.encode()).decode()


def unb64(text: str) -> str:
    """The text of base64; raises ValueError when it is none."""
    return base64.b64decode(text, validate=True).decode()


def private_key(seed: str) -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key of a seed."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def pem(key: ed25519.Ed25519PrivateKey) -> str:
    """The key as PKCS#8 PEM."""
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def authority(seed: str, name: str) -> Pair:
    """A self-signed CA."""
    return _issue(seed, name, None, private_key(seed))


def client(seed: str, name: str, organisation: str, issuer: Pair) -> Pair:
    """A client certificate signed by a CA."""
    signer = serialization.load_pem_private_key(issuer.key.encode(), None)
    if not isinstance(signer, ed25519.Ed25519PrivateKey):
        raise TypeError("the lab's authorities have Ed25519 keys")
    return _issue(seed, name, (organisation, x509.load_pem_x509_certificate(issuer.certificate.encode())), signer)


def _issue(
    seed: str, name: str, issued_by: tuple[str, x509.Certificate] | None, signer: ed25519.Ed25519PrivateKey
) -> Pair:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if issued_by is not None:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, issued_by[0]))
    subject = x509.Name(attributes)
    own = private_key(seed)
    serial = int.from_bytes(hashlib.sha256(f"serial {seed}".encode()).digest()[:16], "big") >> 1
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by[1].subject if issued_by else subject)
        .public_key(own.public_key())
        .serial_number(serial)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=issued_by is None, path_length=None), critical=True)
    )
    certificate = builder.sign(signer, None)
    return Pair(certificate.public_bytes(serialization.Encoding.PEM).decode(), pem(own))


def kubeconfig(name: str, parts: Mapping[str, str]) -> str:
    """The kubeconfig of a cluster's administrator, YAML."""
    user = {"client-certificate-data": parts["clientCertificate"], "client-key-data": parts["clientKey"]}
    cluster = {"server": parts["host"], "certificate-authority-data": parts["caCertificate"]}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": f"admin@{name}", "context": {"cluster": name, "user": f"admin@{name}"}}],
        "current-context": f"admin@{name}",
        "users": [{"name": f"admin@{name}", "user": user}],
    }
    return yaml.safe_dump(document, sort_keys=False)
